/** Lists of models in the format of each vendor's API. Pure. */

import type { Json } from "#dialects/json-object.ts";
import type { Model } from "#gen/polygate/v1/models_pb.js";
import type { LlmSurfaceName } from "./llm-paths.ts";
import { statusJson } from "./tfserving-models.ts";

/** Seconds since the epoch for models of which no one knows when they were made. */
const createdSeconds = 1_700_000_000;
const createdText = "2023-11-14T22:13:20.000Z";

/** An object that satisfies clients of OpenAI and of Anthropic alike. */
function modelObject({ id, provider, type }: Model): Json {
  return {
    id,
    object: "model",
    created: createdSeconds,
    owned_by: provider === "" ? "polygate" : provider,
    type: "model",
    display_name: id,
    created_at: createdText,
    // As lists of many providers tell it; OpenAI's own has no word for it.
    ...(type === "embedding" ? { architecture: { output_modalities: ["embeddings"] } } : {}),
  };
}

/** Gemini's methods by what a model can do; what takes tensors has none of them. */
const methods: readonly (readonly [capability: string, methods: readonly string[]])[] = [
  ["text", ["generateContent", "streamGenerateContent"]],
  ["embedding", ["embedContent", "batchEmbedContents"]],
];

function geminiModel({ id, capabilities }: Model): Json {
  return {
    name: `models/${id}`,
    displayName: id,
    supportedGenerationMethods: methods.flatMap(([capability, names]) =>
      capabilities.includes(capability) ? names : [],
    ),
  };
}

/**
 * The list of Codex CLI, which is refused whole where an entry lacks the instructions of its agent.
 * Those are Codex's own: an empty list leaves them to it, and every model can be named all the same.
 */
export const codexModels: Json = { models: [] };

/** The list. */
export function writeModels(models: readonly Model[], surface: LlmSurfaceName): Json {
  if (surface === "gemini") return { models: models.map(geminiModel) };
  return {
    object: "list",
    data: models.map(modelObject),
    has_more: false,
    first_id: models[0]?.id ?? null,
    last_id: models.at(-1)?.id ?? null,
  };
}

/** Backends of chat; models of all others predict. */
const chatBackends: readonly string[] = ["polyagent", "embedded", "llm"];

/** What clients of TensorFlow Serving, who share the path, look for in a model that predicts. */
function versionStatus({ backend, version, state, error }: Model): Json {
  return chatBackends.includes(backend) ? {} : { ...statusJson({ version, state, error }) };
}

/** One model. */
export function writeModel(model: Model, surface: LlmSurfaceName): Json {
  if (surface === "gemini") return geminiModel(model);
  return { ...modelObject(model), ...versionStatus(model) };
}
