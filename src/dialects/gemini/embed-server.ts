/** Gemini's embedContent and batchEmbedContents for clients of the gateway. Pure. */

import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { shortestFloat32 } from "#core/shortest-float.ts";
import {
  dimensionsMax,
  type EmbedServer,
  inputsMax,
  type ReadEmbedRequest,
} from "#dialects/embed-dialect.ts";
import { type JsonObject, parameterInvalid } from "#dialects/json-object.ts";
import {
  type Embedding,
  type EmbedInputSchema,
  EmbedRequestSchema,
  type EmbedResponse,
} from "#gen/polygate/v1/embeddings_pb.js";
import { ProtoObject } from "./proto-object.ts";

/** What one request for a vector says. */
interface OneRequest {
  readonly input: MessageInitShape<typeof EmbedInputSchema>;
  readonly taskType: string;
  readonly outputDimensionality: number | undefined;
}

/** The words of a content: one text, as a vector is made of one. */
function textOf(request: JsonObject): string {
  const content = request.object("content");
  if (content === undefined) throw request.invalid("content", "is required");
  const parts = content.objects("parts");
  const [part, ...others] = parts;
  if (part === undefined) throw content.invalid("parts", "may not be empty");
  if (others.length > 0) throw content.invalid("parts", "expected one text for each vector");
  const text = part.text("text");
  if (text === undefined) throw part.invalid("text", "is required: only text is embedded");
  if (text === "") throw part.invalid("text", "may not be empty");
  return text;
}

function taskOf(request: JsonObject): string {
  const task = request.text("taskType") ?? "";
  if (!/^[A-Z_]{0,64}$/.test(task)) {
    throw request.invalid("taskType", "expected a task such as RETRIEVAL_QUERY");
  }
  return task === "TASK_TYPE_UNSPECIFIED" ? "" : task;
}

/** Reads one request; `model` stands in the path, and may stand in the body too. */
function readOne(request: JsonObject, model: string): OneRequest {
  const named = request.text("model")?.replace(/^models\//, "");
  if (named !== undefined && named !== "" && named !== model) {
    throw request.invalid("model", `expected "models/${model}", as in the path`);
  }
  return {
    input: {
      content: { case: "text", value: textOf(request) },
      title: request.text("title") ?? "",
    },
    taskType: taskOf(request),
    outputDimensionality: request.integer("outputDimensionality", 1, dimensionsMax),
  };
}

function readAll(requests: readonly JsonObject[], model: string): ReadEmbedRequest {
  const all = requests.map((request) => readOne(request, model));
  const [first] = all;
  for (const name of ["taskType", "outputDimensionality"] as const) {
    const odd = all.findIndex((one) => one[name] !== first?.[name]);
    if (odd >= 0) {
      throw parameterInvalid(`requests[${odd}].${name}`, "must be the same in all requests");
    }
  }
  const request = create(EmbedRequestSchema, {
    model,
    inputs: all.map(({ input }) => input),
    task: first?.taskType.toLowerCase() ?? "",
    dimensions: first?.outputDimensionality,
  });
  return { request, unknown: requests.flatMap((one) => one.unread()), isBase64: false };
}

function usageText({ usage }: EmbedResponse): string {
  if (usage === undefined) return "";
  const { promptTokens } = usage;
  const told = { promptTokenCount: promptTokens, totalTokenCount: promptTokens };
  return `,"usageMetadata":${JSON.stringify(told)}`;
}

function vectorText({ values }: Embedding): string {
  return JSON.stringify({ values: values.map(shortestFloat32) });
}

/** Gemini's names of fields that are named otherwise in the canonical request. */
const fieldNames: Readonly<Record<string, string>> = {
  dimensions: "outputDimensionality",
  task: "taskType",
  text: "content",
};

/** The place of a field below `inputs`, or of one that holds for all of them. */
function placeIn(field: string): { readonly index: string; readonly name: string } {
  const [, index = "0", name = field] = /^inputs\[(\d+)\]\.?(.*)$/.exec(field) ?? [];
  return { index, name: fieldNames[name] ?? (name === "" ? "content" : name) };
}

/** POST /v1beta/models/{model}:embedContent: one vector. */
export function embedContent(model: string): EmbedServer {
  return {
    read: (value) => readAll([new ProtoObject(value)], model),
    *write(response) {
      const vectors = response.embeddings.map(vectorText);
      yield `{"embedding":${vectors[0] ?? "{}"}${usageText(response)}}`;
    },
    placeOf(field) {
      if (field === "model") return field;
      return field === "inputs" ? "content" : placeIn(field).name;
    },
  };
}

/** POST /v1beta/models/{model}:batchEmbedContents: a vector for each request. */
export function batchEmbedContents(model: string): EmbedServer {
  return {
    read(value) {
      const body = new ProtoObject(value);
      const count = body.list("requests")?.length ?? 0;
      if (count === 0) throw body.invalid("requests", "needs at least one request");
      if (count > inputsMax) {
        throw body.invalid("requests", `expected at most ${inputsMax} requests`);
      }
      return { ...readAll(body.objects("requests"), model), unknown: body.unread() };
    },
    *write(response) {
      yield '{"embeddings":[';
      for (const [index, embedding] of response.embeddings.entries()) {
        yield index === 0 ? vectorText(embedding) : `,${vectorText(embedding)}`;
      }
      yield `]${usageText(response)}}`;
    },
    placeOf(field) {
      if (field === "model") return field;
      if (field === "inputs") return "requests";
      const { index, name } = placeIn(field);
      return `requests[${index}].${name}`;
    },
  };
}
