/** The Open Inference Protocol over REST: its clients' requests become calls of GRPCInferenceService. */

import { create, type DescMessage, type DescMethod, type MessageShape } from "@bufbuild/protobuf";
import type { ConnectError } from "@connectrpc/connect";
import type { ByteBudget } from "#core/byte-budget.ts";
import type { Clock } from "#core/clock.ts";
import { turns } from "#core/turns.ts";
import type { Arrival, Surface } from "#entry/surface.ts";
import { fault } from "#errors/fault.ts";
import type { Compression } from "#exchange/compression.ts";
import { type Exchange, type HeaderList, pathOf } from "#exchange/exchange.ts";
import {
  GRPCInferenceService,
  ModelConfigRequestSchema,
  type ModelConfigResponse,
  type ModelInferResponse,
  ModelMetadataRequestSchema,
  ModelMetadataResponseSchema,
  ModelReadyRequestSchema,
  type ModelReadyResponse,
  ModelRepositoryParameterSchema,
  ModelStatisticsRequestSchema,
  ModelStatisticsResponseSchema,
  RepositoryIndexRequestSchema,
  type RepositoryIndexResponse,
  RepositoryIndexResponse_ModelIndexSchema,
  RepositoryModelLoadRequestSchema,
  RepositoryModelUnloadRequestSchema,
  ServerLiveRequestSchema,
  ServerMetadataRequestSchema,
  ServerMetadataResponseSchema,
  ServerReadyRequestSchema,
  type ServerReadyResponse,
} from "#gen/inference/grpc_service_pb.js";
import { ModelConfigSchema } from "#gen/inference/model_config_pb.js";
import { valuesOf } from "#interceptors/context.ts";
import { jsonLimits } from "#json/limits.ts";
import { recordPlan } from "#json/record.ts";
import { onlyPlan } from "#json/run.ts";
import { plainStruct } from "#json/well-known.ts";
import type { CallRecord } from "#observability/call-record.ts";
import type { Decompressor } from "#protocol/decompressor.ts";
import { metadataFields } from "#protocol/metadata.ts";
import type { CallPath } from "#rpc/call.ts";
import { ExchangeCall } from "#rpc/exchange-call.ts";
import { admitted, inTime, received } from "#rpc/intake.ts";
import { jsonOf, readBody } from "./model-body.ts";
import { jsonType, refuseArrival, refuseModelCall } from "./model-error.ts";
import { isRaw, readInfer, type WrittenInfer, writeInfer } from "./oip-infer.ts";
import { plainParameters } from "./oip-parameters.ts";
import { type OipEndpoint, oipEndpointOf } from "./oip-paths.ts";
import { plainMessage } from "./plain-message.ts";
import { sendPieces } from "./sent-pieces.ts";
import type { FindModel } from "./served-model.ts";

/** What the surfaces of model servers need. */
export interface ModelSurfaceOptions {
  readonly calls: CallPath;
  readonly clock: Clock;
  /** Largest request body. */
  readonly bodyBytesMax: number;
  /** Most elements of a request; the readers have a default. */
  readonly elementsMax?: number | undefined;
  readonly decompressor: Decompressor;
  /** What all requests hold in memory. */
  readonly buffers: ByteBudget;
  readonly compression: Compression;
  readonly findModel: FindModel;
}

/** A request that is being served. */
interface Served {
  readonly exchange: Exchange;
  readonly call: ExchangeCall;
  readonly record: CallRecord;
}

type OipMethods = typeof GRPCInferenceService.method;
type OipMethod = OipMethods[keyof OipMethods];

/** Requests name no deadline. */
function noHead(): void {}

const indexPlan = recordPlan({
  ready: onlyPlan("true or false", {
    leaf: {
      expected: "true or false",
      isNumber: false,
      text: () => undefined,
      number: () => undefined,
      literal: (value) => value ?? false,
    },
  }),
});
const changePlan = recordPlan({ parameters: plainStruct });

/** Where the JSON of a response ends and its bytes begin. */
const headerLengthName = "inference-header-content-length";

class OipSurface implements Surface {
  readonly name = "oip";
  readonly #options: ModelSurfaceOptions;

  constructor(options: ModelSurfaceOptions) {
    this.#options = options;
  }

  take(exchange: Exchange, record: CallRecord): boolean | Promise<void> {
    const endpoint = oipEndpointOf(pathOf(exchange.target));
    if (endpoint === undefined) return false;
    record.endpoint = endpoint.template;
    record.surface = this.name;
    return this.#serve(endpoint, exchange, record);
  }

  refuse(arrival: Arrival, record: CallRecord, error: ConnectError): boolean {
    const path = pathOf(arrival.target);
    if (path !== "/v2" && !path.startsWith("/v2/")) return false;
    record.surface = this.name;
    refuseArrival(arrival, error);
    return true;
  }

  /** Never rejects: every failure is a response. */
  async #serve(endpoint: OipEndpoint, exchange: Exchange, record: CallRecord): Promise<void> {
    const call = new ExchangeCall(exchange, valuesOf(record), this.name, this.#options);
    try {
      const { method } = endpoint;
      if (exchange.method !== method && !(method === "GET" && exchange.method === "HEAD")) {
        const allow = method === "GET" ? "GET, HEAD" : method;
        const headers = { allow };
        throw fault("METHOD_NOT_ALLOWED", `this path takes ${allow}`, { headers });
      }
      await this.#answer(endpoint, { exchange, call, record });
    } catch (thrown) {
      refuseModelCall(exchange, call, thrown);
    } finally {
      call.release();
    }
  }

  async #answer(endpoint: OipEndpoint, served: Served): Promise<void> {
    const { method } = GRPCInferenceService;
    switch (endpoint.kind) {
      case "live":
        await this.#call(served, method.serverLive, create(ServerLiveRequestSchema));
        return this.#respond(served, { live: true });
      case "ready": {
        const request = create(ServerReadyRequestSchema);
        const response = await this.#call(served, method.serverReady, request);
        const { ready } = response as ServerReadyResponse;
        return this.#respond(served, { ready }, ready ? 200 : 503);
      }
      case "server": {
        const request = create(ServerMetadataRequestSchema);
        const response = await this.#call(served, method.serverMetadata, request);
        return this.#respond(served, plainMessage(ServerMetadataResponseSchema, response));
      }
      case "model":
        return await this.#model(endpoint, served);
      case "stats":
        return await this.#statistics(served, { name: "", version: "" });
      case "index":
        return await this.#index(served);
      default:
        return await this.#change(endpoint, served);
    }
  }

  async #model(
    { part, name, version }: Extract<OipEndpoint, { kind: "model" }>,
    served: Served,
  ): Promise<void> {
    const { method } = GRPCInferenceService;
    const about = { name, version };
    switch (part) {
      case "infer":
        return await this.#infer(served, about);
      case "stats":
        return await this.#statistics(served, about);
      case "ready": {
        const request = create(ModelReadyRequestSchema, about);
        const response = await this.#call(served, method.modelReady, request);
        const { ready } = response as ModelReadyResponse;
        return this.#respond(served, { name, ready }, ready ? 200 : 503);
      }
      case "config": {
        const request = create(ModelConfigRequestSchema, about);
        const response = await this.#call(served, method.modelConfig, request);
        const { config } = response as ModelConfigResponse;
        return this.#respond(
          served,
          config === undefined ? {} : plainMessage(ModelConfigSchema, config),
        );
      }
      default: {
        const request = create(ModelMetadataRequestSchema, about);
        const response = await this.#call(served, method.modelMetadata, request);
        return this.#respond(served, plainMessage(ModelMetadataResponseSchema, response));
      }
    }
  }

  async #statistics(
    served: Served,
    about: { readonly name: string; readonly version: string },
  ): Promise<void> {
    const request = create(ModelStatisticsRequestSchema, about);
    const { modelStatistics } = GRPCInferenceService.method;
    const response = await this.#call(served, modelStatistics, request);
    this.#respond(served, plainMessage(ModelStatisticsResponseSchema, response));
  }

  async #index(served: Served): Promise<void> {
    const { repositoryIndex: method } = GRPCInferenceService.method;
    const read = await this.#read(method, served, async (body) => {
      if (body.length === 0) return {};
      return await jsonOf<{ readonly ready?: boolean }>(indexPlan, body);
    });
    const response = await this.#called(served, method, create(RepositoryIndexRequestSchema, read));
    const { models } = response as RepositoryIndexResponse;
    const rows = models.map((one) => plainMessage(RepositoryIndexResponse_ModelIndexSchema, one));
    this.#respond(served, rows);
  }

  async #change(
    { kind, name: modelName }: Extract<OipEndpoint, { kind: "load" | "unload" }>,
    served: Served,
  ): Promise<void> {
    const { repositoryModelLoad, repositoryModelUnload } = GRPCInferenceService.method;
    const method = kind === "load" ? repositoryModelLoad : repositoryModelUnload;
    // A listener may leave out what needs the scope admin.
    if (!this.#options.calls.methods.includes(method)) throw fault("ROUTE_UNKNOWN", "no such path");
    const parameters = await this.#read(method, served, async (body) => {
      if (body.length === 0) return {};
      type Change = { readonly parameters?: Readonly<Record<string, unknown>> };
      const { parameters = {} } = await jsonOf<Change>(changePlan, body);
      return plainParameters(parameters, "", (choice) => {
        const { parameterChoice } = choice;
        // There are no floats among them.
        return create(
          ModelRepositoryParameterSchema,
          parameterChoice.case === "doubleParam" ? {} : { parameterChoice },
        );
      });
    });
    const request =
      kind === "load"
        ? create(RepositoryModelLoadRequestSchema, { modelName, parameters })
        : create(RepositoryModelUnloadRequestSchema, { modelName, parameters });
    await this.#called(served, method, request);
    this.#respond(served, {});
  }

  async #infer(
    served: Served,
    about: { readonly name: string; readonly version: string },
  ): Promise<void> {
    const { exchange, call, record } = served;
    const { modelInfer } = GRPCInferenceService.method;
    const { elementsMax = jsonLimits.elementsMax } = this.#options;
    const limits = { ...jsonLimits, elementsMax };
    const header = exchange.header(headerLengthName);
    const find = async () => {
      if (!isRaw(header)) return undefined;
      const { signal } = exchange;
      const { requestId } = record;
      const { name: model, version } = about;
      return await this.#options.findModel({ model, version }, { signal, requestId });
    };
    const { request, wishes } = await this.#readAfter(find, modelInfer, served, (body, model) =>
      readInfer(body, { ...about, header, limits, model }),
    );
    const encode = (message: unknown) => writeInfer(message as ModelInferResponse, wishes);
    const { message: written } = await this.#options.calls.unary(modelInfer, request, call, encode);
    if (written.binary.length === 0) {
      const headers = [...metadataFields(call.responseHeader), jsonType];
      await sendPieces(exchange, headers, written.pieces, this.#options.compression);
      return;
    }
    await this.#sendBinary(served, written);
  }

  /** JSON of a known length, then the bytes of the outputs. */
  async #sendBinary({ exchange, call }: Served, { pieces, binary }: WrittenInfer): Promise<void> {
    const texts: string[] = [];
    for (const piece of pieces) {
      texts.push(piece);
      await turns.next();
    }
    const json = Buffer.from(texts.join(""));
    const length = binary.reduce((sum, bytes) => sum + bytes.length, json.length);
    exchange.start(200, [
      ...metadataFields(call.responseHeader),
      ["content-type", "application/octet-stream"],
      [headerLengthName, String(json.length)],
      ["content-length", String(length)],
    ]);
    await exchange.write(json);
    for (const bytes of binary) if (bytes.length > 0) await exchange.write(bytes);
    exchange.end();
  }

  /** What `read` makes of the body, once the caller may call. Rejects as the call itself would. */
  #read<R>(
    method: DescMethod,
    served: Served,
    read: (body: Uint8Array) => R | Promise<R>,
  ): Promise<R> {
    return this.#readAfter(() => undefined, method, served, read);
  }

  /** As `#read`, which needs what `find` finds: that takes no turn of other bodies. */
  async #readAfter<F, R>(
    find: () => F,
    method: DescMethod,
    { exchange, call }: Served,
    read: (body: Uint8Array, found: Awaited<F>) => R | Promise<R>,
  ): Promise<R> {
    const { calls } = this.#options;
    await admitted(calls, method, call, noHead);
    return await received(calls, method, call, () =>
      inTime(calls, call, async (source) => {
        const found = await find();
        return await readBody({ exchange, call, source }, this.#options, (body) =>
          read(body, found),
        );
      }),
    );
  }

  /** A call without a body. */
  async #call<M extends OipMethod>(
    served: Served,
    method: M,
    request: MessageShape<M["input"]>,
  ): Promise<MessageShape<M["output"]>> {
    await admitted(this.#options.calls, method, served.call, noHead);
    return await this.#called(served, method, request);
  }

  /** A call that was admitted. */
  async #called<M extends OipMethod>(
    { call }: Served,
    method: M,
    request: MessageShape<DescMessage>,
  ): Promise<MessageShape<M["output"]>> {
    const encode = (message: unknown) => message as MessageShape<M["output"]>;
    const { message } = await this.#options.calls.unary(method, request, call, encode);
    return message;
  }

  #respond({ exchange, call }: Served, body: unknown, status = 200): void {
    const headers: HeaderList = [...metadataFields(call.responseHeader), jsonType];
    exchange.respond(status, headers, JSON.stringify(body));
  }
}

/** The surface. */
export function createOipSurface(options: ModelSurfaceOptions): Surface {
  return new OipSurface(options);
}
