/** Models that make vectors, as the lists of providers tell them. */

import { expect, test } from "vitest";
import { capabilitiesOf } from "#dialects/listed-model.ts";
import { LooseObject } from "#dialects/loose-object.ts";

const embedding = ["embedding"];
const text = ["text"];

test.each([
  ["OpenAI, by the name alone", { id: "text-embedding-3-small", object: "model" }, embedding],
  ["OpenAI", { id: "gpt-6", object: "model" }, text],
  ["Anthropic", { id: "claude-9", type: "model", capabilities: { effort: {} } }, text],
  ["Gemini", { name: "models/v", supportedGenerationMethods: ["embedContent"] }, embedding],
  [
    "Gemini",
    {
      name: "models/embed-and-chat",
      supportedGenerationMethods: ["generateContent", "embedContent"],
    },
    text,
  ],
  ["Ollama", { name: "v", capabilities: ["embedding"] }, embedding],
  ["Ollama", { name: "m", capabilities: ["completion", "tools"] }, text],
  ["Ollama of old, by the name alone", { name: "nomic-embed-text:latest" }, embedding],
  ["OpenRouter", { id: "v", architecture: { output_modalities: ["embeddings"] } }, embedding],
  ["OpenRouter", { id: "embedded", architecture: { output_modalities: ["text"] } }, text],
  ["Together", { id: "v", type: "embedding" }, embedding],
  ["a list of something else", { id: 7, capabilities: "embedding" }, text],
] as const)("%s: %j", (_who, model, expected) => {
  expect(capabilitiesOf(new LooseObject(model))).toEqual(expected);
});
