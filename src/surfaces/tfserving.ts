/** TensorFlow Serving's REST: its clients' requests become calls of GRPCInferenceService. */

import { create } from "@bufbuild/protobuf";
import type { ConnectError } from "@connectrpc/connect";
import type { Arrival, Surface } from "#entry/surface.ts";
import { fault } from "#errors/fault.ts";
import { type Exchange, pathOf } from "#exchange/exchange.ts";
import {
  GRPCInferenceService,
  type ModelInferResponse,
  ModelMetadataRequestSchema,
  type ModelMetadataResponse,
} from "#gen/inference/grpc_service_pb.js";
import { valuesOf } from "#interceptors/context.ts";
import { jsonLimits } from "#json/limits.ts";
import type { CallRecord } from "#observability/call-record.ts";
import { metadataFields } from "#protocol/metadata.ts";
import { ExchangeCall } from "#rpc/exchange-call.ts";
import { admitted, inTime, received } from "#rpc/intake.ts";
import { readBody } from "./model-body.ts";
import { jsonType, refuseArrival, refuseModelCall } from "./model-error.ts";
import type { ModelSurfaceOptions } from "./oip.ts";
import { ownerOf, pathFactsOf } from "./path-owner.ts";
import { sendPieces } from "./sent-pieces.ts";
import type { ServedModel, WantedModel } from "./served-model.ts";
import { metadataJson, statusJson } from "./tfserving-models.ts";
import type { TfEndpoint } from "./tfserving-paths.ts";
import { readPredict, writePredict } from "./tfserving-predict.ts";

/** What the surface needs. */
export interface TfServingOptions extends ModelSurfaceOptions {
  /** Surfaces of the listener. */
  readonly serves: ReadonlySet<string>;
}

/** A request that is being served. */
interface Served {
  readonly exchange: Exchange;
  readonly call: ExchangeCall;
  readonly record: CallRecord;
}

/** Requests name no deadline. */
function noHead(): void {}

/** The version or label that a path names, as messages have it. Throws MODEL_UNKNOWN for what is none. */
function choiceOf({ model, version, label }: TfEndpoint): string {
  if (version !== "" && !/^\d+$/.test(version)) {
    throw fault("MODEL_UNKNOWN", `version: "${version}" of model "${model}" is not an integer`);
  }
  if (/^\d+$/.test(label)) {
    throw fault("MODEL_UNKNOWN", `model "${model}" has no label "${label}": that is a version`);
  }
  return version === "" ? label : version;
}

function wantedOf({ model, version, label }: TfEndpoint): WantedModel {
  return label === "" ? { model, version } : { model, version, label };
}

/** A model with the version that is meant, where one is, among those that are known. */
function onlyWanted(found: ServedModel, { version, label }: TfEndpoint): ServedModel {
  const number = label === "" ? version : (found.labels?.[label] ?? "");
  if (found.versions === undefined || number === "") return found;
  return { ...found, versions: found.versions.filter((one) => one.version === number) };
}

class TfServingSurface implements Surface {
  readonly name = "tfserving";
  readonly #options: TfServingOptions;

  constructor(options: TfServingOptions) {
    this.#options = options;
  }

  take(exchange: Exchange, record: CallRecord): boolean | Promise<void> {
    const owned = ownerOf(pathOf(exchange.target), pathFactsOf(exchange), this.#options.serves);
    if (owned?.family !== "tfserving") return false;
    record.endpoint = owned.endpoint.template;
    record.surface = this.name;
    return this.#serve(owned.endpoint, exchange, record);
  }

  refuse(arrival: Arrival, record: CallRecord, error: ConnectError): boolean {
    const facts = pathFactsOf(arrival);
    const owned = ownerOf(pathOf(arrival.target), facts, this.#options.serves);
    if (owned?.family !== "tfserving") return false;
    record.surface = this.name;
    refuseArrival(arrival, error);
    return true;
  }

  /** Never rejects: every failure is a response. */
  async #serve(endpoint: TfEndpoint, exchange: Exchange, record: CallRecord): Promise<void> {
    const call = new ExchangeCall(exchange, valuesOf(record), this.name, this.#options);
    try {
      await this.#answer(endpoint, { exchange, call, record });
    } catch (thrown) {
      refuseModelCall(exchange, call, thrown);
    } finally {
      call.release();
    }
  }

  async #answer(endpoint: TfEndpoint, served: Served): Promise<void> {
    const { kind } = endpoint;
    const isRead = kind === "status" || kind === "metadata";
    const allow = isRead ? "GET, HEAD" : "POST";
    if (!allow.split(", ").includes(served.exchange.method)) {
      throw fault("METHOD_NOT_ALLOWED", `this path takes ${allow}`, { headers: { allow } });
    }
    if (isRead) return await this.#describe(endpoint, served);
    if (kind === "predict") return await this.#predict(endpoint, served);
    // Who may not call learns that first, as everywhere.
    await admitted(
      this.#options.calls,
      GRPCInferenceService.method.modelInfer,
      served.call,
      noHead,
    );
    throw fault("UNIMPLEMENTED", `${kind} is not served: ask for predict`);
  }

  async #describe(endpoint: TfEndpoint, served: Served): Promise<void> {
    const { calls } = this.#options;
    const { exchange, call, record } = served;
    const { modelMetadata: method } = GRPCInferenceService.method;
    await admitted(calls, method, call, noHead);
    const { model: name } = endpoint;
    const version = await received(calls, method, call, () => choiceOf(endpoint));
    const request = create(ModelMetadataRequestSchema, { name, version });
    const encode = (message: unknown) => message as ModelMetadataResponse;
    const { message } = await calls.unary(method, request, call, encode);
    const found = await this.#find(endpoint, { exchange, record });
    const body =
      endpoint.kind === "metadata"
        ? metadataJson(
            {
              name: message.name,
              inputs: message.inputs.map((one) => ({ ...one, shape: one.shape.map(Number) })),
              outputs: message.outputs.map((one) => ({ ...one, shape: one.shape.map(Number) })),
            },
            message.versions.at(-1) ?? "",
          )
        : statusJson(onlyWanted(found, endpoint));
    const headers = [...metadataFields(call.responseHeader), jsonType];
    exchange.respond(200, headers, JSON.stringify(body));
  }

  async #predict(endpoint: TfEndpoint, served: Served): Promise<void> {
    const { calls, compression, elementsMax = jsonLimits.elementsMax } = this.#options;
    const { exchange, call } = served;
    const { modelInfer: method } = GRPCInferenceService.method;
    const limits = { ...jsonLimits, elementsMax };
    await admitted(calls, method, call, noHead);
    const { request, rows } = await received(calls, method, call, () => {
      const version = choiceOf(endpoint);
      return inTime(calls, call, async (source) => {
        // Before the body's turn: a model server that hangs keeps no other body waiting.
        const model = await this.#find(endpoint, served);
        return await readBody({ exchange, call, source }, this.#options, (body) =>
          readPredict(body, version, model, limits),
        );
      });
    });
    const encode = (message: unknown) => writePredict(message as ModelInferResponse, rows);
    const { message: pieces } = await calls.unary(method, request, call, encode);
    const headers = [...metadataFields(call.responseHeader), jsonType];
    await sendPieces(exchange, headers, pieces, compression);
  }

  #find(
    endpoint: TfEndpoint,
    { exchange, record }: Pick<Served, "exchange" | "record">,
  ): Promise<ServedModel> {
    const { signal } = exchange;
    const { requestId } = record;
    return this.#options.findModel(wantedOf(endpoint), { signal, requestId });
  }
}

/** The surface of one listener. */
export function createTfServingSurface(options: TfServingOptions): Surface {
  return new TfServingSurface(options);
}
