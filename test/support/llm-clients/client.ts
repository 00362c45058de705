/** What the matrix of clients asks of each client, whatever its SDK. */

import type { DialectName } from "#dialects/dialect.ts";

/** One call: what is wanted of the model. */
export interface Ask {
  /** Name of a model of the gateway. */
  readonly model: string;
  readonly streams: boolean;
  /** The tool `weather` is offered. */
  readonly tool: boolean;
  /** The question shows an image. */
  readonly image: boolean;
  /** The response must follow `citySchema`. */
  readonly schema: boolean;
  /** The model is asked to think, a little, and to show it. */
  readonly thinks: boolean;
  /** The client leaves. */
  readonly signal?: AbortSignal;
  /** Called with each piece of text of a stream. */
  readonly onPiece?: () => void;
}

/** A call that a model made. */
export interface Call {
  readonly name: string;
  readonly args: unknown;
}

/** What a client tells of a response. */
export interface Reply {
  readonly text: string;
  readonly thoughts: string;
  readonly calls: readonly Call[];
  /** All tokens, as the client counts them. */
  readonly tokens: number | undefined;
  /** What the client itself parsed of a response with a schema. */
  readonly object?: unknown;
  /** Sends the result of the one call, behind the conversation so far, as the SDK's users write it. */
  answer(result: string): Promise<Reply>;
}

/** Where a client calls. */
export interface GatewayAddress {
  readonly url: string;
  readonly key: string;
}

/** One client in one way of use. */
export interface LlmClient {
  readonly name: string;
  /** The gateway's face that it calls. */
  readonly face: "openai-chat" | "openai-responses" | "anthropic" | "gemini";
  /** It never tells of thoughts on this API. */
  readonly hidesThoughts?: true;
  /** Tokens that it counts of a stream of eight, where it adds them up wrongly. */
  readonly streamedTokens?: (dialect: DialectName) => number;
  /** Providers of these dialects do not get the state of their thoughts back from it. */
  readonly losesState?: readonly DialectName[];
  ask(gateway: GatewayAddress, ask: Ask): Promise<Reply>;
  /** Ends what runs for it beside this process. */
  close?(): void;
  /** HTTP status of an error that it threw; undefined when the error tells none. */
  statusOf(thrown: unknown): number | undefined;
}

/** A client's own error, as most SDKs throw it. */
export function statusIn(thrown: unknown): number | undefined {
  const { status } = thrown as { status?: unknown };
  return typeof status === "number" ? status : undefined;
}

/** Schema of the tool's arguments. */
export const toolSchema = {
  type: "object" as const,
  properties: { city: { type: "string" as const } },
  required: ["city"],
};

/** Schema of structured responses. */
export const citySchema = {
  type: "object" as const,
  properties: { city: { type: "string" as const }, people: { type: "integer" as const } },
  required: ["city", "people"],
  additionalProperties: false,
};

/** A whole PNG, in base64. */
export const png =
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==";

/** What is asked in words. */
export const question = "How is the weather in Ulm?";
