/** What a provider's list says that a model can do, in whichever of the vendors' ways. Pure. */

import type { LooseObject } from "./loose-object.ts";

const embedWord = /embed/i;

/** Texts of a list. */
function textsOf(model: LooseObject, name: string): string[] {
  const list = model.raw(name);
  return Array.isArray(list) ? list.filter((entry) => typeof entry === "string") : [];
}

/** Whether the list says so: true, false, or undefined where it does not say. */
function isToldToEmbed(model: LooseObject): boolean | undefined {
  const type = model.text("type") || model.text("task");
  const told = [
    // Gemini, Ollama, and what OpenRouter has of each model.
    ...textsOf(model, "supportedGenerationMethods"),
    ...textsOf(model, "capabilities"),
    ...textsOf(model.object("architecture"), "output_modalities"),
    // Together and others; of Anthropic's and OpenAI's models it says only that they are models.
    ...(type === "" || type === "model" ? [] : [type]),
  ];
  if (told.length === 0) return undefined;
  return told.some((word) => embedWord.test(word)) && !told.some((word) => chatWords.has(word));
}

const chatWords: ReadonlySet<string> = new Set(["generateContent", "completion", "text", "chat"]);

/** What a listed model can do: `embedding` where it makes vectors and nothing else, which most lists show only by the name. */
export function capabilitiesOf(model: LooseObject): readonly string[] {
  const isEmbedding =
    isToldToEmbed(model) ?? embedWord.test(model.text("id") || model.text("name"));
  return isEmbedding ? ["embedding"] : ["text"];
}
