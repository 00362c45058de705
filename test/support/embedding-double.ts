/** What a provider double answers to requests for vectors and for counts of tokens, by its dialect. */

import type { DialectName } from "#dialects/dialect.ts";

type Body = Readonly<Record<string, unknown>>;

/** A response of the double. */
export interface DoubleResponse {
  readonly status: number;
  readonly body: unknown;
}

/** Length of vectors for whom none asked for another. */
const defaultLength = 4;
/** Tokens of whatever is embedded or counted. */
export const doubleTokens = 7;

/** The double's vector of an input: told apart by its length, exact in 32 bits where `asBase64` needs it. */
export function doubleVector(input: unknown, length = defaultLength): number[] {
  const size = typeof input === "string" || Array.isArray(input) ? input.length : 0;
  return Array.from({ length }, (_, index) => (index === 0 ? size : 0.5 ** index - 0.75));
}

function asBase64(values: readonly number[]): string {
  return Buffer.from(new Float32Array(values).buffer).toString("base64");
}

function refusal(message: string, param: string): DoubleResponse {
  return { status: 400, body: { error: { message, type: "invalid_request_error", param } } };
}

function openaiVectors({ input, dimensions, encoding_format: format }: Body): DoubleResponse {
  if (!Array.isArray(input) || input.length === 0) return refusal("no input", "input");
  const data = input.map((one, index) => {
    const values = doubleVector(one, dimensions as number | undefined);
    const embedding = format === "base64" ? asBase64(values) : values;
    return { object: "embedding", index, embedding };
  });
  // In any order: each says where it belongs.
  data.reverse();
  const usage = { prompt_tokens: doubleTokens, total_tokens: doubleTokens };
  return { status: 200, body: { object: "list", data, model: "double-embed", usage } };
}

function geminiVectors({ requests }: Body): DoubleResponse {
  if (!Array.isArray(requests)) return refusal("no requests", "requests");
  const embeddings = requests.map((request) => {
    const { content, outputDimensionality } = request;
    return { values: doubleVector(content.parts[0].text, outputDimensionality) };
  });
  const usageMetadata = { promptTokenCount: doubleTokens, totalTokenCount: doubleTokens };
  return { status: 200, body: { embeddings, usageMetadata } };
}

function ollamaVectors({ input, dimensions, truncate }: Body): DoubleResponse {
  if (!Array.isArray(input) || truncate !== false) return refusal("no input", "input");
  const embeddings = input.map((one) => doubleVector(one, dimensions as number | undefined));
  const body = { model: "double-embed", embeddings, prompt_eval_count: doubleTokens };
  return { status: 200, body };
}

/** By dialect and the end of the path; undefined for what is a chat. */
export function otherThanChat(
  dialect: DialectName,
  path: string,
  body: Body,
): DoubleResponse | undefined {
  const end = /(?:\/|:)([\w_]+)$/.exec(path)?.[1] ?? "";
  switch (`${dialect} ${end}`) {
    case "openai-chat embeddings":
    case "openai-responses embeddings":
      return openaiVectors(body);
    case "gemini batchEmbedContents":
      return geminiVectors(body);
    case "ollama embed":
      return ollamaVectors(body);
    case "anthropic count_tokens":
    case "openai-responses input_tokens":
      return { status: 200, body: { input_tokens: doubleTokens } };
    case "gemini countTokens":
      return { status: 200, body: { totalTokens: doubleTokens } };
    default:
      return undefined;
  }
}
