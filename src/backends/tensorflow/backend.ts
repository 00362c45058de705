/** TensorFlow Serving over gRPC: one server of models. */

import { fromBinary } from "@bufbuild/protobuf";
import type {
  BackendCall,
  ModelServer,
  ModelState,
  ModelStatus,
  VersionStatus,
} from "#backends/backend.ts";
import { ModelServerChannel, type ModelServerReach } from "#backends/model-server-channel.ts";
import { insteadOf, wordsOf } from "#backends/model-server-status.ts";
import type { Clock } from "#core/clock.ts";
import { fault } from "#errors/fault.ts";
import { SignatureDefMapSchema } from "#gen/tensorflow_serving/apis/get_model_metadata_pb.js";
import {
  type ModelVersionStatus,
  ModelVersionStatus_State as State,
} from "#gen/tensorflow_serving/apis/get_model_status_pb.js";
import { ModelService } from "#gen/tensorflow_serving/apis/model_service_pb.js";
import { PredictionService } from "#gen/tensorflow_serving/apis/prediction_service_pb.js";
import { parserOf } from "#grpc-client/method.ts";
import { plainSpec } from "#inference/model-spec.ts";
import { specOf } from "./model-spec.ts";
import { readPredictResponse } from "./response-reader.ts";
import { type Signature, servingDefault, signatureOf } from "./signature.ts";
import { inputsOf } from "./tensor-writer.ts";

/** How to reach a server, and what it is known to have. */
export interface TensorflowOptions extends ModelServerReach {
  /** Models that decide its health; without any it is healthy when it responds at all. */
  readonly models: readonly string[];
}

/** What is asked for in GetModelMetadata: there is nothing else. */
const signatureField = "signature_def";
/** A server that knows no such model has answered, and so is alive. */
const nobodysModel = "polygate-health-check";

const states: Readonly<Record<number, ModelState>> = {
  [State.START]: "loading",
  [State.LOADING]: "loading",
  [State.AVAILABLE]: "available",
  [State.UNLOADING]: "unloaded",
  [State.END]: "unloaded",
};

function versionOf({ version, state, status }: ModelVersionStatus): VersionStatus {
  const known = { version: String(version), state: states[state] ?? "unloaded" };
  if (state !== State.END || status === undefined || status.errorCode === 0) return known;
  return { ...known, state: "failed", error: "TensorFlow Serving failed to load it" };
}

/** What a model takes and gives in the version that is meant. */
interface Metadata {
  /** Empty when the server does not say. */
  readonly version: string;
  /** Undefined for a model without the signature that is called. */
  readonly signature?: Signature;
}

const parseMetadata = parserOf(PredictionService.method.getModelMetadata.output);

function readMetadata(bytes: Uint8Array): Metadata {
  const { modelSpec, metadata } = parseMetadata(bytes);
  const choice = modelSpec?.versionChoice;
  const version = choice?.case === "version" ? String(choice.value.value) : "";
  const any = metadata[signatureField];
  if (any === undefined) return { version };
  const signature = fromBinary(SignatureDefMapSchema, any.value).signatureDef[servingDefault];
  return signature === undefined ? { version } : { version, signature: signatureOf(signature) };
}

const parseStatus = parserOf(ModelService.method.getModelStatus.output);

/** The oldest first. */
function readVersions(bytes: Uint8Array): readonly VersionStatus[] {
  const { modelVersionStatus } = parseStatus(bytes);
  return modelVersionStatus.toSorted((a, b) => (a.version < b.version ? -1 : 1)).map(versionOf);
}

/** The state of a model is that of its best version. */
const best: readonly ModelState[] = ["available", "loading", "failed", "unloaded"];

/** See ModelServer. Connects on first use. Throws TypeError when `url` is no address. */
export function createTensorflowBackend(
  { models, ...reach }: TensorflowOptions,
  clock: Clock,
): ModelServer {
  const channel = new ModelServerChannel(reach);
  const getModelStatus = channel.unary(ModelService.method.getModelStatus, readVersions);
  const { method } = PredictionService;
  const getModelMetadata = channel.unary(method.getModelMetadata, readMetadata);
  const predict = channel.unary(method.predict, readPredictResponse);

  /** All versions of a model; none where there is no such model, which is an answer, too. */
  async function versionsOf(model: string, call: BackendCall): Promise<readonly VersionStatus[]> {
    const ref = { model, version: "" };
    try {
      return await getModelStatus({ modelSpec: specOf(ref) }, call, ref);
    } catch (thrown) {
      return insteadOf(thrown, "BACKEND_MODEL_MISSING", []);
    }
  }

  return {
    kind: "tensorflow",
    async describe(ref, call): Promise<ModelStatus> {
      const versions = await versionsOf(ref.model, call);
      const meant = versions.filter(({ version }) => ["", version].includes(ref.version));
      const state = best.find((one) => meant.some((version) => version.state === one));
      if (state === undefined) {
        throw fault("BACKEND_MODEL_MISSING", `there is no ${wordsOf(ref)}`);
      }
      const last = meant.findLast((one) => one.state === state);
      const about = { name: ref.model, backend: "tensorflow", state, versions, spec: plainSpec };
      if (state !== "available") {
        const error = last?.error === undefined ? {} : { error: last.error };
        return { ...about, version: "", ...error, inputs: [], outputs: [] };
      }
      const request = { modelSpec: specOf(ref), metadataField: [signatureField] };
      const { version, signature } = await getModelMetadata(request, call, ref);
      const { inputs = [], outputs = [] } = signature ?? {};
      return { ...about, version: version || (last?.version ?? ""), inputs, outputs };
    },
    async infer({ inputs, ...ref }, call) {
      const startMs = clock.nowMs();
      const { last, ...given } = inputsOf(inputs);
      const request = { modelSpec: specOf(ref), ...given };
      const { outputs, version } = await predict(request, call, ref, last);
      return { outputs, version, queueMs: 0, computeMs: clock.nowMs() - startMs };
    },
    async check(signal) {
      const call = { signal, requestId: "" };
      const asked = models.length === 0 ? [nobodysModel] : models;
      const versions = await Promise.all(asked.map((model) => versionsOf(model, call)));
      const isServing = versions.flat().some(({ state }) => state === "available");
      if (models.length > 0 && !isServing) {
        throw fault("BACKEND_LOST", "none of its models is available");
      }
    },
    [Symbol.asyncDispose]: () => channel[Symbol.asyncDispose](),
  };
}
