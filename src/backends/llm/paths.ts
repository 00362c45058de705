/** Where each dialect has its calls, and how its requests are signed. Pure. */

import type { DialectName, Framing } from "#dialects/dialect.ts";
import type { KeyHeader } from "./presets.ts";

/** Paths of a dialect, after the base URL's own. */
export interface DialectPaths {
  chat(model: string, stream: boolean): string;
  /** Lists the models for free. */
  readonly models: string;
  /** Makes vectors; absent where there are none. */
  embed?(model: string): string;
  /** Counts tokens; absent where no one does. */
  count?(model: string): string;
  /** The operations of OpenAI's API besides chat may be here, at the paths that it has them. */
  readonly relaysOperations?: true;
  readonly framing: Framing;
  readonly headers: Readonly<Record<string, string>>;
}

const none = {};

/** A model's name as one segment of a path. */
const segment = (model: string) => encodeURIComponent(model.replace(/^models\//, ""));

/** Paths by dialect. */
export const dialectPaths: Readonly<Record<DialectName, DialectPaths>> = {
  "openai-chat": {
    chat: () => "/chat/completions",
    embed: () => "/embeddings",
    models: "/models",
    relaysOperations: true,
    framing: "sse",
    headers: none,
  },
  "openai-responses": {
    chat: () => "/responses",
    embed: () => "/embeddings",
    count: () => "/responses/input_tokens",
    models: "/models",
    relaysOperations: true,
    framing: "sse",
    headers: none,
  },
  anthropic: {
    chat: () => "/v1/messages",
    count: () => "/v1/messages/count_tokens",
    models: "/v1/models?limit=1000",
    framing: "sse",
    // The newer version refuses sampling parameters, which models of before take.
    headers: { "anthropic-version": "2023-06-01" },
  },
  gemini: {
    chat: (model, stream) =>
      stream
        ? `/v1beta/models/${segment(model)}:streamGenerateContent?alt=sse`
        : `/v1beta/models/${segment(model)}:generateContent`,
    embed: (model) => `/v1beta/models/${segment(model)}:batchEmbedContents`,
    count: (model) => `/v1beta/models/${segment(model)}:countTokens`,
    models: "/v1beta/models?pageSize=1000",
    framing: "sse",
    headers: none,
  },
  ollama: {
    chat: () => "/api/chat",
    embed: () => "/api/embed",
    models: "/api/tags",
    framing: "ndjson",
    headers: none,
  },
};

/** Gemini's calls as Vertex AI has them: no vectors and no counts, which have other words there. */
function vertexPaths({ project, location }: VertexPlace): DialectPaths {
  const place = `/v1beta1/projects/${encodeURIComponent(project)}/locations/${encodeURIComponent(location)}`;
  const verbs = { stream: "streamGenerateContent?alt=sse", whole: "generateContent" };
  return {
    chat: (model, stream) =>
      `${place}/publishers/google/models/${segment(model)}:${stream ? verbs.stream : verbs.whole}`,
    models: "/v1beta1/publishers/google/models?pageSize=300",
    framing: "sse",
    headers: none,
  };
}

/** Where a project's models are served. */
export interface VertexPlace {
  readonly project: string;
  readonly location: string;
}

/** The paths of a provider: those of its dialect, unless they are a project's own. */
export function pathsOf(dialect: DialectName, vertex?: VertexPlace): DialectPaths {
  return vertex === undefined ? dialectPaths[dialect] : vertexPaths(vertex);
}

/** The header that carries a key; none without a key. */
export function keyHeaders(header: KeyHeader, key: string | undefined): Record<string, string> {
  if (key === undefined || header === "none") return {};
  return header === "bearer" ? { authorization: `Bearer ${key}` } : { [header]: key };
}
