/** A core's calls over @grpc/grpc-js. */

import { isIPv6 } from "node:net";
import {
  type CallOptions,
  type ChannelCredentials,
  type ChannelOptions,
  Client,
  credentials,
  Metadata,
  type ServiceError,
} from "@grpc/grpc-js";
import { pathOfMethod } from "#grpc-client/method.ts";
import { Decoders } from "#protobuf/decoder.ts";
import { type CoreStatus, faultFromStatus } from "./status.ts";
import {
  type CoreCall,
  type CoreWire,
  type CoreWireOptions,
  certificatesOf,
  metadataOf,
  reconnectPauseMsMax,
  requestEncoder,
  throwIfAborted,
} from "./wire.ts";

const decoders = new Decoders();

/** See CoreWire. One connection. */
export function createGrpcJsWire(options: CoreWireOptions): CoreWire {
  const { messageBytesMax, address } = options;
  const sizes = { bytesMax: messageBytesMax, headroomBytes: 0 };
  const client = new Client(
    `dns:${isIPv6(address.host) ? `[${address.host}]` : address.host}:${address.port}`,
    credentialsOf(options),
    channelOptions(options),
  );
  return {
    unary(method) {
      const path = pathOfMethod(method);
      const encode = requestEncoder(method.input, sizes);
      const parse = decoders.of(method.output);
      return async (request, call) => {
        throwIfAborted(call.signal);
        const bytes = encode(request);
        const { promise, resolve, reject } = Promise.withResolvers<ReturnType<typeof parse>>();
        const active = client.makeUnaryRequest(
          path,
          asIs,
          parse,
          bytes,
          libraryMetadata(call, options),
          optionsOf(call),
          (error: ServiceError | null, answer?: ReturnType<typeof parse>) => {
            if (answer === undefined) reject(faultFromStatus(statusOf(error), call));
            else resolve(answer);
          },
        );
        const cancel = () => active.cancel();
        call.signal.addEventListener("abort", cancel, { once: true });
        try {
          return await promise;
        } finally {
          call.signal.removeEventListener("abort", cancel);
        }
      };
    },
    serverStream(method) {
      const path = pathOfMethod(method);
      const encode = requestEncoder(method.input, sizes);
      const parse = decoders.of(method.output);
      return async function* (request, call) {
        throwIfAborted(call.signal);
        const bytes = encode(request);
        const [metadata, callOptions] = [libraryMetadata(call, options), optionsOf(call)];
        const stream = client.makeServerStreamRequest(
          path,
          asIs,
          parse,
          bytes,
          metadata,
          callOptions,
        );
        // The status of a cancelled call arrives when no one iterates any more.
        stream.on("error", () => undefined);
        const cancel = () => stream.cancel();
        call.signal.addEventListener("abort", cancel, { once: true });
        try {
          for await (const message of stream) {
            throwIfAborted(call.signal);
            yield message as ReturnType<typeof parse>;
          }
        } catch (error) {
          throw isServiceError(error) ? faultFromStatus(statusOf(error), call) : error;
        } finally {
          call.signal.removeEventListener("abort", cancel);
          stream.cancel();
        }
      };
    },
    async [Symbol.asyncDispose]() {
      client.close();
    },
  };
}

function credentialsOf({ address, tls = {} }: CoreWireOptions): ChannelCredentials {
  if (!address.tls) return credentials.createInsecure();
  const { ca = null, key = null, cert = null } = certificatesOf(tls);
  return credentials.createSsl(ca, key, cert);
}

function channelOptions({
  address,
  messageBytesMax,
  keepaliveMs,
  tls,
}: CoreWireOptions): ChannelOptions {
  return {
    "grpc.default_authority": address.authority,
    "grpc.max_receive_message_length": messageBytesMax,
    "grpc.keepalive_time_ms": keepaliveMs,
    "grpc.initial_reconnect_backoff_ms": reconnectPauseMsMax / 10,
    "grpc.max_reconnect_backoff_ms": reconnectPauseMsMax,
    // Retries and the choice of a core are routing's.
    "grpc.enable_retries": 0,
    "grpc.service_config_disable_resolution": 1,
    // A member's connection is its own, and closes with it.
    "grpc.use_local_subchannel_pool": 1,
    // Cores are neighbours; a proxy for the way out of the house is not on the way to them.
    "grpc.enable_http_proxy": 0,
    ...(tls?.serverName === undefined ? {} : { "grpc.ssl_target_name_override": tls.serverName }),
  };
}

function isServiceError(error: unknown): error is ServiceError {
  return error instanceof Error && "metadata" in error && "details" in error && "code" in error;
}

/** The neutral form; `null` stands for a response that is missing without an error. */
function statusOf(error: ServiceError | null): CoreStatus {
  if (error === null) return {};
  const [details] = error.metadata.get("grpc-status-details-bin");
  return {
    code: error.code,
    message: error.details,
    ...(details instanceof Uint8Array ? { details } : {}),
  };
}

function asIs(bytes: Buffer): Buffer {
  return bytes;
}

function libraryMetadata(call: CoreCall, { tells }: CoreWireOptions): Metadata {
  const metadata = new Metadata();
  for (const [name, value] of metadataOf(call, tells)) metadata.set(name, value);
  return metadata;
}

function optionsOf({ timeoutMs }: CoreCall): CallOptions {
  return timeoutMs === undefined ? {} : { deadline: Date.now() + timeoutMs };
}
