/** Lists of models are what the clients of each vendor read. */

import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { ModelSchema } from "#gen/polygate/v1/models_pb.js";
import { writeModel, writeModels } from "#surfaces/llm-models.ts";

const model = (init: MessageInitShape<typeof ModelSchema>) =>
  create(ModelSchema, { type: "chat", backend: "llm", capabilities: ["text"], ...init });

const own = model({ id: "own" });
const digits = model({
  id: "digits",
  type: "classification",
  backend: "onnx",
  capabilities: ["image"],
  version: "3",
  state: "available",
});
const models = [
  own,
  model({ id: "openai/fast", provider: "openai" }),
  model({ id: "vectors", provider: "voyage", type: "embedding", capabilities: ["embedding"] }),
  digits,
];

/** What clients of OpenAI and of Anthropic read of a model. */
const shared = (id: string, owner: string) => ({
  id,
  object: "model",
  created: 1_700_000_000,
  owned_by: owner,
  type: "model",
  display_name: id,
  created_at: new Date(1_700_000_000_000).toISOString(),
});

test.each(["openai", "anthropic"] as const)(
  "%s: a list is one page, each model with its owner, and what makes vectors is marked",
  (surface) => {
    expect(writeModels(models, surface)).toEqual({
      object: "list",
      data: [
        shared("own", "polygate"),
        shared("openai/fast", "openai"),
        {
          ...shared("vectors", "voyage"),
          architecture: { output_modalities: ["embeddings"] },
        },
        shared("digits", "polygate"),
      ],
      has_more: false,
      first_id: "own",
      last_id: "digits",
    });
    expect(writeModels([], surface)).toMatchObject({ data: [], first_id: null, last_id: null });
  },
);

test("gemini: a model has the methods of what it can do", () => {
  const methods = (...names: string[]) => ({ supportedGenerationMethods: names });
  const chats = methods("generateContent", "streamGenerateContent");
  expect(writeModels(models, "gemini")).toEqual({
    models: [
      { name: "models/own", displayName: "own", ...chats },
      { name: "models/openai/fast", displayName: "openai/fast", ...chats },
      {
        name: "models/vectors",
        displayName: "vectors",
        ...methods("embedContent", "batchEmbedContents"),
      },
      { name: "models/digits", displayName: "digits", ...methods() },
    ],
  });
  expect(writeModel(own, "gemini")).toMatchObject({ name: "models/own" });
});

test("one model that predicts has its version's state for clients of TensorFlow Serving; one that chats has none", () => {
  expect(writeModel(own, "openai")).toEqual(shared("own", "polygate"));
  expect(writeModel(digits, "openai")).toEqual({
    ...shared("digits", "polygate"),
    model_version_status: [
      { version: "3", state: "AVAILABLE", status: { error_code: "OK", error_message: "" } },
    ],
  });
});
