/** A PolyAgent core behind the chat contract: gRPC over one kept connection. */

import { create } from "@bufbuild/protobuf";
import { Code } from "@connectrpc/connect";
import { type ChannelOptions, Client, credentials } from "@grpc/grpc-js";
import type { ChatBackend } from "#backends/backend.ts";
import { fault } from "#errors/fault.ts";
import { faultFrom } from "#errors/from-unknown.ts";
import {
  Health,
  HealthCheckRequestSchema,
  HealthCheckResponse_ServingStatus as ServingStatus,
} from "#gen/grpc/health/v1/health_pb.js";
import { CoreService, ListModelsRequestSchema } from "#gen/polyagent/core/v1/core_pb.js";
import { parseCoreAddress } from "./address.ts";
import { callServerStream, callUnary } from "./call.ts";

/** How to reach a core. */
export interface PolyagentOptions {
  /** In a form of parseCoreAddress. */
  readonly url: string;
  /** Greatest message in either direction, in bytes. */
  readonly messageBytesMax: number;
  /** Silence on a connection with calls after which it is pinged, in milliseconds. */
  readonly keepaliveMs: number;
}

/** Greatest pause between two attempts to connect again, in milliseconds. */
const reconnectPauseMsMax = 1000;

/** Connects on first use, and again whenever needed. Throws TypeError when `url` is no address. */
export function createPolyagentBackend(options: PolyagentOptions): ChatBackend {
  const { messageBytesMax } = options;
  const address = parseCoreAddress(options.url);
  if (address === undefined) throw new TypeError("a core's url is like http://host:port");
  const client = new Client(
    `dns:${address.authority}`,
    address.tls ? credentials.createSsl() : credentials.createInsecure(),
    channelOptions(options),
  );
  const channel = { client, messageBytesMax };
  return {
    chat: (request, call) => callUnary(channel, CoreService.method.chat, request, call),
    streamChat: (request, call) =>
      callServerStream(channel, CoreService.method.streamChat, request, call),
    async listModels(signal) {
      const request = create(ListModelsRequestSchema);
      const call = { signal, requestId: "" };
      return (await callUnary(channel, CoreService.method.listModels, request, call)).models;
    },
    async check(signal) {
      const request = create(HealthCheckRequestSchema);
      try {
        const call = { signal, requestId: "" };
        const { status } = await callUnary(channel, Health.method.check, request, call);
        if (status === ServingStatus.SERVING) return;
      } catch (error) {
        // A core without the health service has answered, and so is alive.
        if (faultFrom(error).code === Code.Unimplemented) return;
        throw error;
      }
      throw fault("BACKEND_LOST", "the core says that it does not serve");
    },
    async [Symbol.asyncDispose]() {
      client.close();
    },
  };
}

function channelOptions({ messageBytesMax, keepaliveMs }: PolyagentOptions): ChannelOptions {
  return {
    "grpc.max_receive_message_length": messageBytesMax,
    "grpc.keepalive_time_ms": keepaliveMs,
    // A core that is back has to be found within a health interval, not within minutes.
    "grpc.initial_reconnect_backoff_ms": reconnectPauseMsMax / 10,
    "grpc.max_reconnect_backoff_ms": reconnectPauseMsMax,
    // Retries and the choice of a core are routing's.
    "grpc.enable_retries": 0,
    "grpc.service_config_disable_resolution": 1,
    // A member's connection is its own, and closes with it.
    "grpc.use_local_subchannel_pool": 1,
    // Cores are neighbours; a proxy for the way out of the house is not on the way to them.
    "grpc.enable_http_proxy": 0,
  };
}
