/** What of a request's head is relayed, and what of its body is replaced. Pure. */

import type { ServerDialect } from "#dialects/dialect.ts";
import type { ChatRequest } from "#gen/polygate/v1/chat_pb.js";
import type { Part } from "#gen/polygate/v1/conversation_pb.js";
import { type Edit, withMembers } from "./members.ts";
import type { RelayRequest } from "./relay.ts";

/** What a dialect's clients say outside of the body. */
interface HeadRules {
  /** Names of the fields that reach the provider; all others are the gateway's business. */
  readonly headers: readonly string[];
  /** Names of query parameters that do. */
  readonly query: readonly string[];
  /** The vendor whose state the dialect's bodies hold. */
  readonly vendor: string;
}

/** The allow-list. Accounts, keys and organisations are the gateway's own, and never on it. */
export const headRules: Readonly<Record<ServerDialect, HeadRules>> = {
  "openai-chat": { headers: ["openai-beta"], query: [], vendor: "openai" },
  "openai-responses": { headers: ["openai-beta"], query: [], vendor: "openai" },
  anthropic: {
    headers: ["anthropic-version", "anthropic-beta"],
    query: ["beta"],
    vendor: "anthropic",
  },
  gemini: { headers: [], query: [], vendor: "google" },
};

/** The fields and the query of a request that its provider is to see. */
export function relayedHead(
  dialect: ServerDialect,
  header: (name: string) => string | undefined,
  target: string,
): Pick<RelayRequest, "headers" | "query"> {
  const rules = headRules[dialect];
  const headers: Record<string, string> = {};
  for (const name of rules.headers) {
    const value = header(name);
    if (value !== undefined) headers[name] = value;
  }
  const at = rules.query.length === 0 ? -1 : target.indexOf("?");
  if (at < 0) return { headers, query: "" };
  const asked = new URLSearchParams(target.slice(at + 1));
  const relayed = new URLSearchParams();
  for (const name of rules.query) {
    const value = asked.get(name);
    if (value !== null) relayed.set(name, value);
  }
  return { headers, query: relayed.size === 0 ? "" : `?${relayed}` };
}

/** The state of other vendors that a client brought along; the provider would refuse it, and may not have it. */
export function hasForeignState({ messages }: ChatRequest, vendor: string): boolean {
  const isForeign = ({ content }: Part) =>
    (content.case === "thinking" || content.case === "toolCall") &&
    content.value.state !== undefined &&
    content.value.state.vendor !== vendor;
  return messages.some(({ parts }) => parts.some(isForeign));
}

/** Asks for the frame that reports the usage, whatever else the options say. */
const withUsage: Edit = (value) => {
  const told: unknown = value === undefined ? undefined : JSON.parse(value);
  return JSON.stringify({ ...(told instanceof Object ? told : {}), include_usage: true });
};

/** The body for a provider that knows the model as `model`; empty leaves the client's own name. */
export function relayedBody({ dialect, body, hidesUsage }: RelayRequest, model: string): Buffer {
  const name: Edit = (value) =>
    // An absent name stands in the path.
    value === undefined || JSON.parse(value) === model ? undefined : JSON.stringify(model);
  return withMembers(body, {
    ...(model === "" || dialect === "gemini" ? {} : { model: name }),
    ...(hidesUsage ? { stream_options: withUsage } : {}),
  });
}
