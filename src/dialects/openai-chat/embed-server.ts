/** OpenAI's embeddings for clients of the gateway. Pure. */

import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { base64FromVector } from "#chat/vector.ts";
import { shortestFloat32 } from "#core/shortest-float.ts";
import {
  dimensionsMax,
  type EmbedServer,
  inputsMax,
  type ReadEmbedRequest,
} from "#dialects/embed-dialect.ts";
import { JsonObject, parameterInvalid } from "#dialects/json-object.ts";
import {
  type EmbedInputSchema,
  EmbedRequestSchema,
  type EmbedResponse,
} from "#gen/polygate/v1/embeddings_pb.js";

type Input = MessageInitShape<typeof EmbedInputSchema>;

/** Tokens of one input. */
const tokensMax = 65_536;
const tokenMax = 0x7fff_ffff;

function textInput(text: string, place: string): Input {
  if (text === "") throw parameterInvalid(place, "may not be empty");
  return { content: { case: "text", value: text } };
}

function tokenInput(tokens: readonly unknown[], place: string): Input {
  if (tokens.length === 0) throw parameterInvalid(place, "may not be empty");
  if (tokens.length > tokensMax) {
    throw parameterInvalid(place, `expected at most ${tokensMax} tokens`);
  }
  const ids = tokens.map((token, index) => {
    if (typeof token === "number" && Number.isInteger(token) && token >= 0 && token <= tokenMax) {
      return token;
    }
    throw parameterInvalid(`${place}[${index}]`, `expected an integer from 0 to ${tokenMax}`);
  });
  return { content: { case: "tokens", value: { ids } } };
}

/** A text, a list of texts, one list of tokens, or a list of those. */
function inputsOf(input: unknown): Input[] {
  if (input === undefined) throw parameterInvalid("input", "is required");
  if (typeof input === "string") return [textInput(input, "input")];
  if (!Array.isArray(input)) {
    throw parameterInvalid("input", "expected text, a list of texts, or lists of tokens");
  }
  if (input.length === 0) throw parameterInvalid("input", "may not be empty");
  if (typeof input[0] === "number") return [tokenInput(input, "input")];
  if (input.length > inputsMax) {
    throw parameterInvalid("input", `expected at most ${inputsMax} inputs`);
  }
  return input.map((one: unknown, index) => {
    const place = `input[${index}]`;
    if (typeof one === "string") return textInput(one, place);
    if (Array.isArray(one)) return tokenInput(one, place);
    throw parameterInvalid(place, "expected text, or a list of tokens");
  });
}

/** Reads the body of POST /v1/embeddings. */
function read(value: unknown): ReadEmbedRequest {
  const body = new JsonObject(value);
  const encoding = body.word("encoding_format", ["float", "base64"]);
  const request = create(EmbedRequestSchema, {
    model: body.needText("model"),
    inputs: inputsOf(body.raw("input")),
    dimensions: body.integer("dimensions", 1, dimensionsMax),
    user: body.text("user") ?? "",
  });
  return { request, unknown: body.unread(), isBase64: encoding === "base64" };
}

function* write(
  { embeddings, modelUsed, usage }: EmbedResponse,
  { isBase64 }: ReadEmbedRequest,
): Generator<string> {
  yield '{"object":"list","data":[';
  for (const [index, { values }] of embeddings.entries()) {
    const embedding = isBase64 ? base64FromVector(values) : values.map(shortestFloat32);
    const vector = JSON.stringify({ object: "embedding", index, embedding });
    yield index === 0 ? vector : `,${vector}`;
  }
  // Clients need the numbers; a provider that reports none leaves them at 0.
  const tokens = usage?.promptTokens ?? 0;
  const rest = { model: modelUsed, usage: { prompt_tokens: tokens, total_tokens: tokens } };
  yield `],${JSON.stringify(rest).slice(1)}`;
}

/** For clients of the gateway. */
export const openaiEmbedServer: EmbedServer = {
  read,
  write,
  placeOf: (field) => field.replace(/^inputs(\[\d+\])?.*$/, "input$1"),
};
