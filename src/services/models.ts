/** ModelsService: what can be asked for, and loading it. */

import type { MessageInitShape } from "@bufbuild/protobuf";
import type { ContextValues, HandlerContext, ServiceImpl } from "@connectrpc/connect";
import type { ChatBackend, ListedModel, ModelStatus } from "#backends/backend.ts";
import { modelNotAllowed } from "#catalog/allowed-model.ts";
import type { ChatCatalog } from "#catalog/chat-catalog.ts";
import type { PredictCatalog } from "#catalog/predict-catalog.ts";
import type { Price } from "#chat/price.ts";
import { abortable } from "#core/abortable.ts";
import { timeLimit } from "#core/clock.ts";
import type { ModelSchema, ModelsService } from "#gen/polygate/v1/models_pb.js";
import type { Pool } from "#pool/pool.ts";
import { allowedModels, requireModel } from "./allowed-models.ts";
import { callersModel } from "./model-choice.ts";

/** What ModelsService needs. */
export interface ModelsDeps {
  readonly predict: PredictCatalog;
  readonly chat: {
    /** Kind of the backends that answer chat: polyagent or embedded. */
    readonly kind: string;
    readonly pool: Pool<ChatBackend>;
    readonly catalog: ChatCatalog;
  };
}

/** A backend that has not reported its models by then is left out, or listed as it was last known. */
const backendAnswerMs = 1_000;

const byText = (a: string, b: string) => a.localeCompare(b);

type ModelInit = MessageInitShape<typeof ModelSchema>;

function predictModel(kind: string, status: ModelStatus): ModelInit {
  const { name, state, version, error = "", inputs, outputs, spec } = status;
  const { versions = [], labels = {} } = status;
  const wire = (tensors: ModelStatus["inputs"]) =>
    tensors.map((tensor) => ({ ...tensor, shape: [...tensor.shape] }));
  return {
    id: name,
    provider: "polygate",
    type: spec.meaning.kind,
    capabilities: capabilitiesOf(status),
    backend: status.backend ?? kind,
    state,
    version,
    aliases: [...spec.aliases],
    inputs: wire(inputs),
    outputs: wire(outputs),
    labels: [...spec.labels],
    error,
    versions: [...versions],
    versionLabels: { ...labels },
  };
}

/** One that was asked for by its name: with what its file says of itself. */
function describedModel(kind: string, status: ModelStatus): ModelInit {
  return { ...predictModel(kind, status), metadata: { ...status.metadata } };
}

/** What it takes and makes; `text` alone is what a model that chats can do. */
function capabilitiesOf({ spec: { image, text, meaning } }: ModelStatus): string[] {
  if (text === undefined) return image === undefined ? ["tensor"] : ["tensor", "image"];
  return meaning.kind === "embedding" ? ["embedding"] : ["tensor"];
}

/** It makes vectors and does not chat; a route may lead to models of both kinds. */
function makesVectorsOnly(capabilities: readonly string[]): boolean {
  return capabilities.includes("embedding") && !capabilities.includes("text");
}

/** A price per million tokens, reported per thousand. */
function perThousand({ input, output }: Price) {
  const told = (dollars: number) => Number((dollars / 1000).toPrecision(12));
  return { input: told(input), output: told(output) };
}

function chatModel(
  kind: string,
  { id, provider, capabilities }: ListedModel,
  price?: Price,
): ModelInit {
  return {
    id,
    provider,
    type: makesVectorsOnly(capabilities) ? "embedding" : "chat",
    capabilities: [...capabilities],
    backend: kind,
    state: "available",
    ...(price === undefined ? {} : { costPer1kTokens: perThousand(price) }),
  };
}

/** Routes by their public names, then what providers listed when they were asked last. */
function providerModels(catalog: ChatCatalog): (ModelInit & { id: string })[] {
  const { listedRoutes, providers } = catalog;
  const named = (model: ListedModel, price?: Price) => ({
    ...chatModel("llm", model, price),
    id: model.id,
  });
  return [
    ...listedRoutes.map((model) => named(model)),
    ...providers.flatMap(({ name, listed }) =>
      listed().map((model) => named(model, catalog.priceOf(name, model.id))),
    ),
  ];
}

/** The models of one core; none when it fails or the signal aborts. */
async function modelsAt(
  pool: Pool<ChatBackend>,
  id: string,
  signal: AbortSignal,
): Promise<readonly ListedModel[]> {
  using lease = pool.lease(id);
  try {
    const models = await abortable(lease.backend.listModels(signal), signal);
    lease.settle("ok");
    return models;
  } catch {
    if (!signal.aborted) lease.settle("failed");
    return [];
  }
}

/** Lists the models that a caller may call, by the names that they have in calls. */
function allowedTo(values: ContextValues): (model: ModelInit) => boolean {
  const allows = allowedModels(values);
  if (allows === undefined) return () => true;
  return ({ id, provider, aliases = [] }) => allows(id, `${provider}/${id}`, ...aliases);
}

/** The service over the predict backend and the chat cores. */
export function createModelsService({
  predict,
  chat,
}: ModelsDeps): ServiceImpl<typeof ModelsService> {
  const predictModels = () => predict.models().map((status) => predictModel(predict.kind, status));
  /** The models of all cores that answer, each once; a list that lacks some is better than none. */
  const chatModels = async (signal: AbortSignal): Promise<ModelInit[]> => {
    using limit = timeLimit(backendAnswerMs, signal);
    const asked = chat.pool.candidates().map(({ id }) => modelsAt(chat.pool, id, limit.signal));
    const models = (await Promise.all(asked)).flat();
    signal.throwIfAborted();
    const byId = new Map(models.map((model) => [model.id, chatModel(chat.kind, model)]));
    for (const model of providerModels(chat.catalog)) {
      if (!byId.has(model.id)) byId.set(model.id, model);
    }
    return [...byId.values()];
  };

  const named = (model: string, context: HandlerContext) =>
    callersModel(predict, { model, version: "" }, context, {
      model: "model",
      version: "version",
    });
  /** As chats and embeddings go: a route of the name comes first. */
  const modelNamed = async (model: string, context: HandlerContext): Promise<ModelInit> => {
    const route = chat.catalog.listedRoutes.find(({ id }) => id === model);
    if (route !== undefined) return chatModel("llm", route);
    const known = predict.find(model);
    if (known !== undefined) return describedModel(predict.kind, known);
    const found = (await chatModels(context.signal)).find(({ id }) => id === model);
    return found ?? describedModel(predict.kind, await named(model, context));
  };
  /** Everything that is behind the gateway: those that do not respond in time are listed as they were last known. */
  const refreshed = async (signal: AbortSignal) => {
    const [models] = await Promise.all([
      chatModels(signal),
      predict.refresh(backendAnswerMs, signal),
    ]);
    signal.throwIfAborted();
    return models;
  };
  const namesAt = (kind: string, isAllowed: (model: ModelInit) => boolean) => {
    const groups = predict.groups.filter((group) => group.kind === kind);
    const names = groups.flatMap((group) => group.models().map(({ name }) => name));
    const allowed = [...new Set(names)].filter((id) => isAllowed({ id }));
    return { models: allowed.sort(byText) };
  };

  return {
    async listModels(_request, { signal, values }) {
      const all = [...(await refreshed(signal)), ...predictModels()];
      return { models: all.filter(allowedTo(values)) };
    },
    async listModelsByBackend(_request, { signal, values }) {
      const isAllowed = allowedTo(values);
      const chats = (await refreshed(signal)).filter(isAllowed);
      const here = predict.localModels().map((one) => predictModel(predict.kind, one));
      return {
        tensorflow: namesAt("tensorflow", isAllowed),
        onnx: {
          models: Object.fromEntries(here.filter(isAllowed).map((one) => [one.id, one])),
        },
        polyagent: { models: chats.map(({ id = "" }) => id).sort(byText) },
        oip: namesAt("oip", isAllowed),
      };
    },
    async getModel({ model }, context) {
      const found = await modelNamed(model, context);
      if (!allowedTo(context.values)(found)) throw modelNotAllowed(model);
      return found;
    },
    async loadModel({ model, version }, { values }) {
      // A name that is not known yet may be that of a model which was added after the start.
      const name = predict.find(model)?.name ?? model;
      requireModel(values, model, name);
      return { model: predictModel(predict.kind, await predict.load(name, version)) };
    },
    async unloadModel({ model }, context) {
      const { name } = await named(model, context);
      return { model: predictModel(predict.kind, await predict.unload(name)) };
    },
    async reloadModel({ model }, context) {
      const { name } = await named(model, context);
      return { model: predictModel(predict.kind, await predict.reload(name)) };
    },
  };
}
