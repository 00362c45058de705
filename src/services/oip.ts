/** GRPCInferenceService: the Open Inference Protocol and Triton's extensions, over the predict backend. */

import { create, type MessageInitShape } from "@bufbuild/protobuf";
import type { HandlerContext, ServiceImpl } from "@connectrpc/connect";
import type { InferStatistics, ModelStatus } from "#backends/backend.ts";
import type { NamedTensor } from "#core/tensor.ts";
import { inTurns, turns } from "#core/turns.ts";
import { fault, reasonOf } from "#errors/fault.ts";
import { faultFrom } from "#errors/from-unknown.ts";
import {
  type GRPCInferenceService,
  type InferParameter,
  InferParameterSchema,
  type ModelInferRequest,
  type ModelInferRequest_InferRequestedOutputTensor,
  type ModelInferResponse,
  ModelInferResponseSchema,
} from "#gen/inference/grpc_service_pb.js";
import { requireCaller } from "#interceptors/caller.ts";
import { allowedModels, requireModel } from "./allowed-models.ts";
import { callersModel, callersModelToRun, choiceOf } from "./model-choice.ts";
import { classesOf } from "./oip-classes.ts";
import { configOf, indexOf, isServed, metadataOf, numberOf, statisticsOf } from "./oip-models.ts";
import { inputsFrom, isRaw, outputsTo, refuseSharedMemory } from "./oip-tensors.ts";
import { type RunDeps, runModel } from "./run-model.ts";
import { invalidTensor, requireBatch } from "./wire-tensor.ts";

/** What the service needs. */
export interface OipDeps extends RunDeps {
  /** Whether every model has loaded or failed to, and the gateway is not stopping. */
  readonly isReady: () => boolean;
  /** Version of the gateway. */
  readonly version: string;
  /** What models have done in all threads; absent: there is this one. */
  readonly allThreads?:
    | (() => Promise<{ readonly inferences: readonly InferStatistics[] }>)
    | undefined;
}

/** What is spoken besides the protocol itself, in Triton's words. */
const extensions = [
  "classification",
  "model_repository",
  "model_configuration",
  "binary_tensor_data",
  "statistics",
];

/** Triton's parameter by which a stream's client asks for a mark on the last response to a request. */
const finalParameter = "triton_enable_empty_final_response";

type Response = MessageInitShape<typeof ModelInferResponseSchema>;

function unsupported(field: string, description: string) {
  return fault("PARAMETER_UNSUPPORTED", `${field}: ${description}`, {
    fields: [{ field, description }],
  });
}

function invalid(field: string, description: string) {
  return fault("REQUEST_INVALID", `${field}: ${description}`, { fields: [{ field, description }] });
}

/** How many classes an output is asked for; 0 for its elements. */
function classesIn(parameters: Readonly<Record<string, InferParameter>>, at: string): number {
  const choice = parameters.classification?.parameterChoice;
  if (choice === undefined) return 0;
  const isWhole = choice.case === "int64Param" || choice.case === "uint64Param";
  const count = isWhole ? Number(choice.value) : -1;
  if (count >= 0 && count <= 10_000) return count;
  throw invalid(`${at}.parameters.classification`, "expected a number of classes up to 10000");
}

/** An output that is asked for, and how many of its classes. */
interface WantedOutput {
  readonly name: string;
  readonly classes: number;
}

/** The outputs that a request asks for. Throws TENSOR_INVALID for those that the model has not. */
function wantedOutputs(
  asked: readonly ModelInferRequest_InferRequestedOutputTensor[],
  { outputs }: ModelStatus,
): readonly WantedOutput[] {
  const known = outputs.map(({ name }) => name);
  return asked.map(({ name, parameters }, at) => {
    const field = `outputs[${at}]`;
    refuseSharedMemory(parameters, field);
    if (known.length > 0 && !known.includes(name)) {
      const there = known.map((one) => `"${one}"`).join(", ");
      throw invalidTensor(`${field}.name`, `no output "${name}"; there is ${there}`);
    }
    if (asked.findIndex((one) => one.name === name) !== at) {
      throw invalidTensor(`${field}.name`, `output "${name}" is asked for more than once`);
    }
    return { name, classes: classesIn(parameters, field) };
  });
}

/** The outputs as they were asked for. */
async function chosenOutputs(
  outputs: readonly NamedTensor[],
  wanted: readonly WantedOutput[],
  { spec }: ModelStatus,
): Promise<readonly NamedTensor[]> {
  if (wanted.length === 0) return outputs;
  const chosen: NamedTensor[] = [];
  for (const { name, classes } of wanted) {
    const output = outputs.find((one) => one.name === name);
    if (output === undefined) throw invalidTensor("outputs", `the model gave no output "${name}"`);
    chosen.push(classes === 0 ? output : await inTurns(classesOf(output, classes, spec), turns));
  }
  return chosen;
}

async function infer(
  deps: OipDeps,
  request: ModelInferRequest,
  context: HandlerContext,
): Promise<Response> {
  const choice = choiceOf(request.modelVersion);
  const fields = { model: "model_name", version: "model_version" };
  const wanted = { model: request.modelName, ...choice };
  const outputsOf = (model: ModelStatus) => wantedOutputs(request.outputs, model);
  const terms = { ...fields, requireFit: outputsOf };
  const status = await callersModelToRun(deps.backend, wanted, context, terms);
  const outputsWanted = outputsOf(status);
  const inputs = inputsFrom(request);
  requireBatch(status, inputs);
  const done = await runModel(deps, status, { ...choice, inputs }, context);
  const outputs = await chosenOutputs(done.outputs, outputsWanted, status);
  return {
    modelName: status.name,
    modelVersion: done.version,
    id: request.id,
    ...outputsTo(outputs, isRaw(request)),
  };
}

/** A response of a stream, which is the only one to its request. */
function withFinal(response: Response, { parameters }: ModelInferRequest): ModelInferResponse {
  const choice = parameters[finalParameter]?.parameterChoice;
  const isAsked = choice?.case === "boolParam" && choice.value;
  const whole = create(ModelInferResponseSchema, response);
  if (isAsked) {
    const parameterChoice = { case: "boolParam" as const, value: true };
    whole.parameters.triton_final_response = create(InferParameterSchema, { parameterChoice });
  }
  return whole;
}

function requireNoRepository(name: string): void {
  if (name !== "") throw invalid("repository_name", "there is one repository, and it has no name");
}

/** Throws PARAMETER_UNSUPPORTED for models that do not come from the repository. */
function requireOwnFiles(parameters: Readonly<Record<string, unknown>>): void {
  const brought = Object.keys(parameters).find((name) => /^(config$|file:)/.test(name));
  if (brought === undefined) return;
  throw unsupported(`parameters.${brought}`, "models are loaded from the repository as they are");
}

/** The service on a predict backend. */
export function createOipService(deps: OipDeps): ServiceImpl<typeof GRPCInferenceService> {
  const { backend, isReady } = deps;
  // A backend of several kinds tells of each model which it is on.
  const kindOf = (status: ModelStatus) => status.backend ?? backend.kind;
  const known = (name: string, version: string, context: HandlerContext) =>
    callersModel(backend, { model: name, ...choiceOf(version) }, context, {
      model: "name",
      version: "version",
    });
  return {
    serverLive: () => ({ live: true }),
    serverReady: () => ({ ready: isReady() }),
    async modelReady({ name, version }, context) {
      try {
        return { ready: isServed(await known(name, version, context), choiceOf(version)) };
      } catch (thrown) {
        if (reasonOf(faultFrom(thrown)) === "MODEL_UNKNOWN") return { ready: false };
        throw thrown;
      }
    },
    serverMetadata: () => ({ name: "polygate", version: deps.version, extensions }),
    async modelMetadata({ name, version }, context) {
      const status = await known(name, version, context);
      return metadataOf(status, { kind: kindOf(status), choice: choiceOf(version) });
    },
    modelInfer: (request, context) => infer(deps, request, context),
    async *modelStreamInfer(requests, context) {
      for await (const request of requests) {
        requireCaller(context.values);
        let response: Response;
        try {
          response = await infer(deps, request, context);
        } catch (thrown) {
          context.signal.throwIfAborted();
          const { rawMessage: errorMessage } = faultFrom(thrown);
          yield { errorMessage, inferResponse: withFinal({ id: request.id }, request) };
          continue;
        }
        yield { inferResponse: withFinal(response, request) };
      }
    },
    async modelConfig({ name, version }, context) {
      const status = await known(name, version, context);
      return { config: configOf(status, kindOf(status)) };
    },
    async modelStatistics({ name, version }, context) {
      const status = name === "" ? undefined : await known(name, version, context);
      const all = (await deps.allThreads?.())?.inferences ?? backend.statistics?.();
      if (all === undefined) throw fault("UNIMPLEMENTED", "this backend keeps no statistics");
      const allows = allowedModels(context.values);
      const number = status === undefined ? version : numberOf(status, choiceOf(version));
      const asked = all.filter(
        (one) =>
          (status === undefined ? (allows?.(one.model) ?? true) : one.model === status.name) &&
          (number === "" || one.version === number),
      );
      return { modelStats: asked.map(statisticsOf) };
    },
    repositoryIndex({ repositoryName, ready }, { values }) {
      requireNoRepository(repositoryName);
      const allows = allowedModels(values);
      const all = backend
        .models()
        .filter(({ name }) => allows?.(name) ?? true)
        .flatMap(indexOf);
      return { models: ready ? all.filter(({ state }) => state === "READY") : all };
    },
    async repositoryModelLoad({ repositoryName, modelName, parameters }, { values }) {
      requireNoRepository(repositoryName);
      requireOwnFiles(parameters);
      const status = backend.find(modelName);
      requireModel(values, modelName, status?.name);
      // Of a model that serves Triton's load is a reload.
      if (status?.state === "available") await backend.reload(status.name);
      else await backend.load(status?.name ?? modelName, "");
      return {};
    },
    async repositoryModelUnload({ repositoryName, modelName }, context) {
      requireNoRepository(repositoryName);
      const wanted = { model: modelName, version: "" };
      const fields = { model: "model_name", version: "" };
      const { name } = await callersModel(backend, wanted, context, fields);
      await backend.unload(name);
      return {};
    },
  };
}
