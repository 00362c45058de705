/** gRPC calls to one server of models: requests of a type go in, what a reader makes of the response's bytes comes out. */

import {
  create,
  type DescMessage,
  type DescMethodUnary,
  type MessageInitShape,
} from "@bufbuild/protobuf";
import { ConnectError } from "@connectrpc/connect";
import { fault } from "#errors/fault.ts";
import { faultFrom } from "#errors/from-unknown.ts";
import type { CallOptions } from "#grpc-client/call.ts";
import type { GrpcChannel } from "#grpc-client/channel.ts";
import { GrpcError } from "#grpc-client/grpc-error.ts";
import { pathOfMethod } from "#grpc-client/method.ts";
import { encoderOf } from "#protobuf/encoder.ts";
import { prefixBytes, sealed } from "#protocol/envelope.ts";
import type { BackendCall, ModelRef } from "./backend.ts";
import { openGrpcChannel } from "./grpc-channel.ts";
import type { LastField } from "./last-field.ts";
import { faultOfServer } from "./model-server-status.ts";
import { parseCoreAddress } from "./polyagent/address.ts";
import type { CoreTls } from "./polyagent/wire.ts";

/** How to reach a server of models. */
export interface ModelServerReach {
  /** In a form of parseCoreAddress. */
  readonly url: string;
  /** Greatest message in either direction, in bytes. */
  readonly messageBytesMax: number;
  /** Silence on a connection with calls after which it is pinged, in milliseconds. */
  readonly keepaliveMs: number;
  /** How an encrypted server is trusted; by the machine's authorities when absent. */
  readonly tls?: CoreTls;
  /** IP address to connect to, where the name in `url` is not to be looked up. */
  readonly connectTo?: string;
  /** Age at which a connection is replaced; absent: never. */
  readonly connectionAgeMaxMs?: number | undefined;
}

/**
 * Calls one method, about a model if `ref` names one; `last` follows what `request` has. Rejects with
 * faults; an abort of the call's signal cancels it at once.
 */
export type ModelServerMethod<I extends DescMessage, T> = (
  request: MessageInitShape<I>,
  call: BackendCall,
  ref?: ModelRef,
  last?: LastField,
) => Promise<T>;

/** A request as it goes out. */
interface Sealed {
  readonly path: string;
  readonly frame: Uint8Array;
  readonly messageEnd: Uint8Array | undefined;
}

/** Connects on first use, and again whenever needed. Throws TypeError when `url` is no address. */
export class ModelServerChannel implements AsyncDisposable {
  readonly #channel: GrpcChannel;
  readonly #bytesMax: number;

  constructor({ url, messageBytesMax, tls, connectTo, ...more }: ModelServerReach) {
    const named = parseCoreAddress(url);
    if (named === undefined) throw new TypeError("a server's url is like grpc://host:port");
    const address = connectTo === undefined ? named : { ...named, host: connectTo };
    // What is connected to is no name to find in a certificate.
    const trust = connectTo === undefined ? tls : { serverName: named.host, ...tls };
    this.#channel = openGrpcChannel({ ...more, address, tls: trust, messageBytesMax });
    this.#bytesMax = messageBytesMax;
  }

  /** The function that calls a method; `read` makes something of the response, and throws for what is none. */
  unary<I extends DescMessage, O extends DescMessage, T>(
    method: DescMethodUnary<I, O>,
    read: (bytes: Uint8Array) => T,
  ): ModelServerMethod<I, T> {
    const path = pathOfMethod(method);
    const encode = encoderOf(method.input);
    return async (request, call, ref, last) => {
      if (call.signal.aborted) throw faultFrom(call.signal.reason);
      const encoded = encode(create(method.input, request), prefixBytes);
      const frame = last === undefined ? encoded : Buffer.concat([encoded, last.head]);
      const messageEnd = last?.bytes;
      const bytesAfter = messageEnd?.length ?? 0;
      this.#checkSize(frame.length - prefixBytes + bytesAfter);
      sealed(0, frame, bytesAfter);
      const message = await this.#sent({ path, frame, messageEnd }, call, ref);
      try {
        return read(message);
      } catch (cause) {
        if (cause instanceof ConnectError) throw cause;
        const words = "the server's response is not what its method returns";
        throw fault("BACKEND_MALFORMED", words, { cause });
      }
    };
  }

  #checkSize(bytes: number): void {
    if (bytes <= this.#bytesMax) return;
    const limit = `the limit is ${this.#bytesMax}`;
    throw fault("BODY_TOO_LARGE", `the request is ${bytes} bytes for the server, ${limit}`);
  }

  async #sent(
    { path, frame, messageEnd }: Sealed,
    call: BackendCall,
    ref: ModelRef | undefined,
  ): Promise<Uint8Array> {
    const options = { ...optionsOf(call), messageEnd };
    try {
      return (await this.#channel.unary(path, frame, options)).message;
    } catch (thrown) {
      if (call.signal.aborted) throw faultFrom(call.signal.reason);
      throw thrown instanceof GrpcError ? faultOfServer(thrown, call, ref) : thrown;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#channel[Symbol.asyncDispose]();
  }
}

function optionsOf({ signal, requestId, timeoutMs, trace }: BackendCall): CallOptions {
  const metadata =
    requestId === "" ? [] : [["x-request-id", requestId] as const, ...(trace?.fields() ?? [])];
  return {
    signal,
    signalKeepsTime: true,
    // Compressing tensors takes longer than sending them.
    wantsPlain: true,
    metadata,
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
  };
}
