/** A core's calls over the project's own HTTP/2 engine. */

import { openGrpcChannel } from "#backends/grpc-channel.ts";
import type { CallOptions } from "#grpc-client/call.ts";
import { GrpcError } from "#grpc-client/grpc-error.ts";
import { parserOf, pathOfMethod } from "#grpc-client/method.ts";
import { prefixBytes, sealed } from "#protocol/envelope.ts";
import { faultFromStatus } from "./status.ts";
import {
  type CoreCall,
  type CoreWire,
  type CoreWireOptions,
  metadataOf,
  requestEncoder,
  throwIfAborted,
} from "./wire.ts";

function optionsOf(call: CoreCall, { tells }: CoreWireOptions): CallOptions {
  const { signal, timeoutMs } = call;
  return {
    signal,
    signalKeepsTime: true,
    metadata: metadataOf(call, tells),
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
  };
}

function asFault(thrown: unknown, call: CoreCall): unknown {
  return thrown instanceof GrpcError ? faultFromStatus(thrown, call) : thrown;
}

/** See CoreWire. Several connections are made when the streams of one are used up. */
export function createHttp2Wire(options: CoreWireOptions): CoreWire {
  const sizes = { bytesMax: options.messageBytesMax, headroomBytes: prefixBytes };
  const channel = openGrpcChannel(options);
  return {
    unary(method) {
      const path = pathOfMethod(method);
      const encode = requestEncoder(method.input, sizes);
      const parse = parserOf(method.output);
      const read = (message: Uint8Array, call: CoreCall) => {
        try {
          return parse(message);
        } catch (thrown) {
          throw asFault(thrown, call);
        }
      };
      // Not an asynchronous function: each promise of its own would cost every call.
      return (request, call) => {
        let frame: Uint8Array;
        try {
          throwIfAborted(call.signal);
          frame = sealed(0, encode(request));
        } catch (thrown) {
          return Promise.reject(thrown);
        }
        return channel.unary(path, frame, optionsOf(call, options)).then(
          ({ message }) => read(message, call),
          (thrown: unknown) => {
            throw asFault(thrown, call);
          },
        );
      };
    },
    serverStream(method) {
      const path = pathOfMethod(method);
      const encode = requestEncoder(method.input, sizes);
      const parse = parserOf(method.output);
      return async function* (request, call) {
        throwIfAborted(call.signal);
        const frame = sealed(0, encode(request));
        try {
          const answers = await channel.serverStream(path, frame, optionsOf(call, options));
          for await (const answer of answers) yield parse(answer);
        } catch (thrown) {
          throw asFault(thrown, call);
        }
      };
    },
    [Symbol.asyncDispose]: () => channel[Symbol.asyncDispose](),
  };
}
