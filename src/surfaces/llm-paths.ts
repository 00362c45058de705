/** Which call of which vendor's API a path means. Pure. */

import { anthropicCountServer } from "#dialects/anthropic/count-tokens.ts";
import type { CountServer } from "#dialects/count-dialect.ts";
import type { DialectServer, ReadRequest } from "#dialects/dialect.ts";
import { servers } from "#dialects/dialects.ts";
import type { EmbedServer } from "#dialects/embed-dialect.ts";
import { geminiCountServer } from "#dialects/gemini/count-tokens.ts";
import { batchEmbedContents, embedContent } from "#dialects/gemini/embed-server.ts";
import { readGenerateContent } from "#dialects/gemini/request-reader.ts";
import { openaiEmbedServer } from "#dialects/openai-chat/embed-server.ts";
import { type OperationPath, operations, operationsAt } from "#dialects/relay/operations.ts";

/** Words for the surfaces, as listeners serve them. */
export const llmSurfaceNames = ["openai", "anthropic", "gemini"] as const;

/** One of them. */
export type LlmSurfaceName = (typeof llmSurfaceNames)[number];

/** A chat in a vendor's words. */
export interface LlmChat {
  readonly kind: "chat";
  readonly surface: LlmSurfaceName;
  readonly dialect: DialectServer;
  /** Path template, for logs and metrics. */
  readonly template: string;
  read(body: unknown): ReadRequest;
}

/** The list of models, or one of them. */
export interface LlmModels {
  readonly kind: "models";
  readonly surface: LlmSurfaceName;
  readonly dialect: DialectServer;
  readonly template: string;
  /** Absent for the list. */
  readonly model?: string;
}

/** Vectors in a vendor's words. */
export interface LlmEmbed {
  readonly kind: "embed";
  readonly surface: LlmSurfaceName;
  readonly dialect: DialectServer;
  readonly template: string;
  readonly embed: EmbedServer;
}

/** A count of tokens in a vendor's words. */
export interface LlmCount {
  readonly kind: "count";
  readonly surface: LlmSurfaceName;
  readonly dialect: DialectServer;
  readonly template: string;
  readonly count: CountServer;
}

/** Operations that are relayed and never translated. */
export interface LlmOperation {
  readonly kind: "operation";
  readonly surface: LlmSurfaceName;
  readonly dialect: DialectServer;
  readonly template: string;
  readonly at: OperationPath;
}

/** What a path means. */
export type LlmEndpoint = LlmChat | LlmModels | LlmEmbed | LlmCount | LlmOperation;

function chat(surface: LlmSurfaceName, dialect: DialectServer, template: string): LlmChat {
  return { kind: "chat", surface, dialect, template, read: (body) => dialect.readRequest(body) };
}

/** The path that takes WebSockets, too. */
export const responsesPath = "/v1/responses";

const fixed: ReadonlyMap<string, LlmEndpoint> = new Map<string, LlmEndpoint>([
  ["/v1/chat/completions", chat("openai", servers["openai-chat"], "/v1/chat/completions")],
  [responsesPath, chat("openai", servers["openai-responses"], responsesPath)],
  ["/v1/messages", chat("anthropic", servers.anthropic, "/v1/messages")],
  [
    "/v1/messages/count_tokens",
    {
      kind: "count",
      surface: "anthropic",
      dialect: servers.anthropic,
      template: "/v1/messages/count_tokens",
      count: anthropicCountServer,
    },
  ],
  [
    "/v1/embeddings",
    {
      kind: "embed",
      surface: "openai",
      dialect: servers["openai-chat"],
      template: "/v1/embeddings",
      embed: openaiEmbedServer,
    },
  ],
]);

/** The fixed paths of a vendor's surface. */
export function llmPaths(surface: LlmSurfaceName): readonly string[] {
  return [...fixed].flatMap(([path, endpoint]) => (endpoint.surface === surface ? [path] : []));
}

/** Every template by which a call of LLM vendors' APIs goes, once for each family and method that has it. */
export function llmTemplates(): readonly {
  readonly surface: LlmSurfaceName;
  readonly method: string;
  readonly template: string;
}[] {
  const models = (surface: LlmSurfaceName, version: string) => [
    { surface, method: "GET", template: `/${version}/models` },
    { surface, method: "GET", template: `/${version}/models/{model}` },
  ];
  return [
    ...[...fixed].map(([template, { surface }]) => ({ surface, method: "POST", template })),
    ...models("openai", "v1"),
    ...["v1", "v1beta"].flatMap((version) => [
      ...models("gemini", version),
      ...geminiVerbs.map((verb) => ({
        surface: "gemini" as const,
        method: "POST",
        template: `/${version}/models/{model}:${verb}`,
      })),
    ]),
    ...operations.map(({ method, template }) => ({ surface: "openai" as const, method, template })),
  ];
}

/** Facts of a request that tell families apart where they claim one path. */
export interface PathFacts {
  readonly hasAnthropicVersion: boolean;
  readonly hasGoogleKey: boolean;
}

/** Words after the last colon of a model's path, by which Gemini's clients say what they want. */
const geminiVerbs = [
  "generateContent",
  "streamGenerateContent",
  "countTokens",
  "embedContent",
  "batchEmbedContents",
] as const;

function geminiEndpoint(version: string, rest: string): LlmEndpoint | undefined {
  const colon = rest.lastIndexOf(":");
  if (colon <= 0) return undefined;
  const model = decoded(rest.slice(0, colon));
  const verb = geminiVerbs.find((one) => one === rest.slice(colon + 1));
  const template = `/${version}/models/{model}:${verb}`;
  const common = { surface: "gemini", dialect: servers.gemini, template } as const;
  switch (verb) {
    case "generateContent":
    case "streamGenerateContent": {
      const isStream = verb === "streamGenerateContent";
      return {
        kind: "chat",
        ...common,
        read: (body) => readGenerateContent(body, model, isStream),
      };
    }
    case "countTokens":
      return { kind: "count", ...common, count: geminiCountServer(model) };
    case "embedContent":
      return { kind: "embed", ...common, embed: embedContent(model) };
    case "batchEmbedContents":
      return { kind: "embed", ...common, embed: batchEmbedContents(model) };
    case undefined:
      return undefined;
  }
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}

/** A vendor, and the words in which its clients read errors. */
export type LlmFamily = Pick<LlmEndpoint, "surface" | "dialect">;

/** The family that asks for models, by what its SDK sends. */
function modelsFamily(
  version: string,
  { hasAnthropicVersion, hasGoogleKey }: PathFacts,
): LlmFamily {
  if (version === "v1beta" || (hasGoogleKey && !hasAnthropicVersion)) {
    return { surface: "gemini", dialect: servers.gemini };
  }
  if (hasAnthropicVersion) return { surface: "anthropic", dialect: servers.anthropic };
  return { surface: "openai", dialect: servers["openai-chat"] };
}

/**
 * The family whose paths `path` is beneath, whether or not it has an endpoint there: errors that come
 * before an endpoint are in its words. Undefined for paths of no family.
 */
export function llmFamilyOf(path: string, facts: PathFacts): LlmFamily | undefined {
  if (path.startsWith("/v1beta/")) return modelsFamily("v1beta", facts);
  return path.startsWith("/v1/") ? modelsFamily("v1", facts) : undefined;
}

const modelsPath = /^\/(v1|v1beta)\/models(?:\/(.*))?$/;

/** Names with a slash, before a verb: Gemini's clients take them for whole resource names. */
const resourcePath = /^\/(v1|v1beta)\/(.+\/.+)$/;

function geminiResource(path: string): LlmEndpoint | undefined {
  const [, version, rest] = resourcePath.exec(path) ?? [];
  return version === undefined || rest === undefined ? undefined : geminiEndpoint(version, rest);
}

/** What `path` means to clients of LLM vendors; undefined for a path of no one. */
export function llmEndpointOf(path: string, facts: PathFacts): LlmEndpoint | undefined {
  const known = fixed.get(path);
  if (known !== undefined) return known;
  const at = operationsAt(path);
  if (at !== undefined) {
    const dialect = servers["openai-chat"];
    return { kind: "operation", surface: "openai", dialect, template: at.template, at };
  }
  const match = modelsPath.exec(path);
  if (match === null) return geminiResource(path);
  const [, version = "v1", rest] = match;
  const gemini = rest === undefined ? undefined : geminiEndpoint(version, rest);
  if (gemini !== undefined) return gemini;
  const family = modelsFamily(version, facts);
  if (!rest) return { kind: "models", ...family, template: `/${version}/models` };
  return {
    kind: "models",
    ...family,
    template: `/${version}/models/{model}`,
    model: decoded(rest),
  };
}
