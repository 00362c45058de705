/** A PolyAgent core behind the chat contract: gRPC over kept connections. */

import { create } from "@bufbuild/protobuf";
import { Code } from "@connectrpc/connect";
import type { CoreBackend } from "#backends/backend.ts";
import { fault } from "#errors/fault.ts";
import { faultFrom } from "#errors/from-unknown.ts";
import {
  Health,
  HealthCheckRequestSchema,
  HealthCheckResponse_ServingStatus as ServingStatus,
} from "#gen/grpc/health/v1/health_pb.js";
import { CoreService, ListModelsRequestSchema } from "#gen/polyagent/core/v1/core_pb.js";
import { parseCoreAddress } from "./address.ts";
import { createHttp2Wire } from "./http2-wire.ts";
import type { CoreWire, CoreWireOptions } from "./wire.ts";

/** What carries the calls: the project's own HTTP/2 engine, or @grpc/grpc-js. */
export type CoreTransport = "http2" | "grpc-js";

/** How to reach a core. */
export interface PolyagentOptions extends Omit<CoreWireOptions, "address"> {
  /** In a form of parseCoreAddress. */
  readonly url: string;
  readonly transport: CoreTransport;
  /** IP address to connect to, where the name in `url` is not to be looked up. */
  readonly connectTo?: string;
}

/** A core over gRPC. */
export interface PolyagentBackend extends CoreBackend {
  /** Whether its health service says that it serves; undefined when the core has no such service. */
  serves(signal: AbortSignal): Promise<boolean | undefined>;
}

async function openWire({
  transport,
  url,
  connectTo,
  ...rest
}: PolyagentOptions): Promise<CoreWire> {
  const named = parseCoreAddress(url);
  if (named === undefined) throw new TypeError("a core's url is like http://host:port");
  const address = connectTo === undefined ? named : { ...named, host: connectTo };
  // The certificate is that of the name, whatever address it was found at.
  const tls = connectTo === undefined ? {} : { serverName: named.host };
  const options = { ...rest, tls: { ...tls, ...rest.tls } };
  switch (transport) {
    case "http2":
      return createHttp2Wire({ ...options, address });
    case "grpc-js": {
      // Loaded for those who ask for it: it is the greatest library of all.
      const { createGrpcJsWire } = await import("./grpc-js-wire.ts");
      return createGrpcJsWire({ ...options, address });
    }
  }
}

/** Connects on first use, and again whenever needed. Rejects with TypeError when `url` is no address. */
export async function createPolyagentBackend(options: PolyagentOptions): Promise<PolyagentBackend> {
  const wire = await openWire(options);
  const listModels = wire.unary(CoreService.method.listModels);
  const checkHealth = wire.unary(Health.method.check);
  const serves = async (signal: AbortSignal): Promise<boolean | undefined> => {
    const request = create(HealthCheckRequestSchema);
    try {
      const { status } = await checkHealth(request, { signal, requestId: "" });
      return status === ServingStatus.SERVING;
    } catch (error) {
      if (faultFrom(error).code === Code.Unimplemented) return undefined;
      throw error;
    }
  };
  return {
    chat: wire.unary(CoreService.method.chat),
    streamChat: wire.serverStream(CoreService.method.streamChat),
    async listModels(signal) {
      const request = create(ListModelsRequestSchema);
      return (await listModels(request, { signal, requestId: "" })).models;
    },
    serves,
    async check(signal) {
      // A core without the health service has answered, and so is alive.
      if ((await serves(signal)) !== false) return;
      throw fault("BACKEND_LOST", "the core says that it does not serve");
    },
    [Symbol.asyncDispose]: () => wire[Symbol.asyncDispose](),
  };
}
