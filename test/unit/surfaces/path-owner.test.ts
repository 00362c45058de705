/** Paths that several families of clients claim: whose each is, by path, header and what is served. */

import { describe, expect, test } from "vitest";
import { ownerOf } from "#surfaces/path-owner.ts";

const clients = {
  nobody: { hasAnthropicVersion: false, hasGoogleKey: false },
  anthropic: { hasAnthropicVersion: true, hasGoogleKey: false },
  google: { hasAnthropicVersion: false, hasGoogleKey: true },
} as const;

const all = ["openai", "anthropic", "gemini", "tfserving"];

/** Whose a path is, and what it means there. */
function owner(path: string, client: keyof typeof clients, serves: readonly string[]): string {
  const owned = ownerOf(path, clients[client], new Set(serves));
  if (owned === undefined) return "no one";
  if (owned.family === "llm") return `${owned.endpoint.surface} ${owned.endpoint.kind}`;
  const { kind, model, version, label } = owned.endpoint;
  return `tfserving ${[kind, model, version, label].filter((one) => one !== "").join(" ")}`;
}

describe("with all of them served", () => {
  test.each([
    ["/v1/models", "nobody", "openai models"],
    ["/v1/models", "anthropic", "anthropic models"],
    ["/v1/models", "google", "gemini models"],
    ["/v1/models/m", "nobody", "openai models"],
    ["/v1/models/m", "anthropic", "anthropic models"],
    ["/v1/models/m", "google", "gemini models"],
    ["/v1/models/qwen3:8b", "nobody", "openai models"],
    ["/v1/models/m/metadata", "nobody", "tfserving metadata m"],
    ["/v1/models/m/metadata", "google", "tfserving metadata m"],
    ["/v1/models/m/versions/2", "anthropic", "tfserving status m 2"],
    ["/v1/models/m/versions/2/metadata", "nobody", "tfserving metadata m 2"],
    ["/v1/models/m/labels/canary", "nobody", "tfserving status m canary"],
    ["/v1/models/m:predict", "nobody", "tfserving predict m"],
    ["/v1/models/m:predict", "google", "tfserving predict m"],
    ["/v1/models/qwen3:8b:predict", "nobody", "tfserving predict qwen3:8b"],
    ["/v1/models/team/m/versions/2:predict", "nobody", "tfserving predict team/m 2"],
    ["/v1/models/team%2Fm/labels/stable:predict", "nobody", "tfserving predict team/m stable"],
    ["/v1/models/m:classify", "nobody", "tfserving classify m"],
    ["/v1/models/m:regress", "nobody", "tfserving regress m"],
    ["/v1/models/m:generateContent", "nobody", "gemini chat"],
    ["/v1/models/qwen3:8b:countTokens", "nobody", "gemini count"],
    ["/v1/models/m:embedContent", "google", "gemini embed"],
    ["/v1beta/models/m:predict", "google", "gemini models"],
    ["/v1/models/:predict", "nobody", "openai models"],
    ["/v1/models/%zz:predict", "nobody", "openai models"],
    ["/v1/chat/completions", "nobody", "openai chat"],
    ["/v1/messages", "nobody", "anthropic chat"],
    ["/v2/models/m", "nobody", "no one"],
    ["/v1/nothing", "nobody", "no one"],
  ] as const)("%s of %s is: %s", (path, client, whose) => {
    expect(owner(path, client, all)).toBe(whose);
  });
});

describe("with some of them served", () => {
  test.each([
    ["/v1/models/m", "nobody", ["tfserving"], "tfserving status m"],
    ["/v1/models/m", "nobody", ["tfserving", "anthropic"], "tfserving status m"],
    ["/v1/models/m", "anthropic", ["tfserving", "anthropic"], "anthropic models"],
    ["/v1/models/m", "google", ["tfserving", "openai"], "tfserving status m"],
    ["/v1/models", "nobody", ["tfserving"], "no one"],
    ["/v1/models/m:predict", "nobody", ["openai"], "openai models"],
    ["/v1/models/m/metadata", "nobody", ["openai"], "openai models"],
    [
      "/v1/models/m:generateContent",
      "nobody",
      ["tfserving", "openai"],
      "tfserving status m:generateContent",
    ],
    ["/v1/models/m", "nobody", [], "no one"],
  ] as const)("%s of %s, served by %j, is: %s", (path, client, serves, whose) => {
    expect(owner(path, client, serves)).toBe(whose);
  });
});
