/** ModelsService: what can be asked for, and loading it. */

import type { MessageInitShape } from "@bufbuild/protobuf";
import type { HandlerContext, ServiceImpl } from "@connectrpc/connect";
import type { ChatBackend, ModelStatus, PredictBackend } from "#backends/backend.ts";
import { fault } from "#errors/fault.ts";
import type { Model as CoreModel } from "#gen/polyagent/core/v1/core_pb.js";
import type { ModelSchema, ModelsService } from "#gen/polygate/v1/models_pb.js";
import type { Dispatch, Route } from "#routing/dispatch.ts";
import { backendCallOf } from "./backend-call.ts";
import { modelOf } from "./predict.ts";

/** What ModelsService needs. */
export interface ModelsDeps {
  readonly predict: PredictBackend;
  readonly chat: {
    /** Kind of the backends that answer chat: polyagent or embedded. */
    readonly kind: string;
    readonly dispatch: Dispatch;
    readonly route: Route<ChatBackend>;
  };
}

const byText = (a: string, b: string) => a.localeCompare(b);

type ModelInit = MessageInitShape<typeof ModelSchema>;

function predictModel(kind: string, status: ModelStatus): ModelInit {
  const { name, state, version, error = "", inputs, outputs, spec } = status;
  const wire = (tensors: ModelStatus["inputs"]) =>
    tensors.map((tensor) => ({ ...tensor, shape: [...tensor.shape] }));
  return {
    id: name,
    provider: "polygate",
    type: spec.meaning.kind,
    capabilities: spec.image === undefined ? ["tensor"] : ["tensor", "image"],
    backend: kind,
    state,
    version,
    aliases: [...spec.aliases],
    inputs: wire(inputs),
    outputs: wire(outputs),
    labels: [...spec.labels],
    error,
  };
}

function chatModel(kind: string, { id, provider, capabilities }: CoreModel): ModelInit {
  return {
    id,
    provider,
    type: "chat",
    capabilities: [...capabilities],
    backend: kind,
    state: "available",
  };
}

/** The service over the predict backend and the chat cores. */
export function createModelsService({
  predict,
  chat,
}: ModelsDeps): ServiceImpl<typeof ModelsService> {
  const predictModels = () => predict.models().map((status) => predictModel(predict.kind, status));
  /** The models of a core that answers; a list without them is better than none at all. */
  const chatModels = async (context: HandlerContext): Promise<ModelInit[]> => {
    if (chat.route.pool.candidates().length === 0) return [];
    const models = await chat.dispatch.call(
      chat.route,
      (backend, { signal }) => backend.listModels(signal),
      backendCallOf(context),
    );
    return models.map((model) => chatModel(chat.kind, model));
  };

  return {
    async listModels(_request, context) {
      return { models: [...(await chatModels(context)), ...predictModels()] };
    },
    async listModelsByBackend(_request, context) {
      const names = (await chatModels(context)).map(({ id = "" }) => id).sort(byText);
      return {
        tensorflow: { models: [] },
        onnx: { models: Object.fromEntries(predictModels().map((one) => [one.id ?? "", one])) },
        polyagent: { models: names },
      };
    },
    async getModel({ model }, context) {
      const known = predict.find(model);
      if (known !== undefined) return predictModel(predict.kind, known);
      const found = (await chatModels(context)).find(({ id }) => id === model);
      if (found === undefined) throw fault("MODEL_UNKNOWN", `there is no model named "${model}"`);
      return found;
    },
    async loadModel({ model, version }) {
      // A name that is not known yet may be that of a model which was added after the start.
      const name = predict.find(model)?.name ?? model;
      return { model: predictModel(predict.kind, await predict.load(name, version)) };
    },
    async unloadModel({ model }) {
      const { name } = modelOf(predict, model);
      return { model: predictModel(predict.kind, await predict.unload(name)) };
    },
    async reloadModel({ model }) {
      const { name } = modelOf(predict, model);
      return { model: predictModel(predict.kind, await predict.reload(name)) };
    },
  };
}
