/** Paths of vendors' APIs: which call each means. */

import { describe, expect, test } from "vitest";
import { llmEndpointOf, llmFamilyOf } from "#surfaces/llm-paths.ts";

const nobody = { hasAnthropicVersion: false, hasGoogleKey: false };

/** The model that a Gemini path names, as the chat's request has it. */
function modelAt(path: string): string | undefined {
  const endpoint = llmEndpointOf(path, nobody);
  if (endpoint?.kind !== "chat") return undefined;
  const body = { contents: [{ role: "user", parts: [{ text: "x" }] }] };
  return endpoint.read(body).request.modelPreference;
}

describe("a Gemini path names a model", () => {
  test.each([
    ["/v1beta/models/double:generateContent", "double"],
    ["/v1/models/double:streamGenerateContent", "double"],
    ["/v1beta/models/qwen3:8b:generateContent", "qwen3:8b"],
    ["/v1beta/models/openai/double:generateContent", "openai/double"],
    ["/v1beta/models/openai%2Fdouble:generateContent", "openai/double"],
    // The AI SDK takes a name with a slash for a whole resource name.
    ["/v1beta/openai/double:generateContent", "openai/double"],
    ["/v1/openai/double:streamGenerateContent", "openai/double"],
  ])("%s: %s", (path, model) => {
    expect(modelAt(path)).toBe(model);
  });

  test.each([
    "/v1beta/double:generateContent",
    "/v1beta/openai/double:predict",
    "/v1beta/openai/double",
    "/v2/openai/double:generateContent",
    "/api/v1/chat:countTokens",
  ])("%s is nobody's", (path) => {
    expect(llmEndpointOf(path, nobody)).toBeUndefined();
  });
});

describe("a path without an endpoint belongs to the family that it is beneath", () => {
  const anthropic = { hasAnthropicVersion: true, hasGoogleKey: false };
  const google = { hasAnthropicVersion: false, hasGoogleKey: true };
  test.each([
    ["/v1/assistants", nobody, "openai"],
    ["/v1/messages/batches", anthropic, "anthropic"],
    ["/v1/cachedContents", google, "gemini"],
    ["/v1beta/cachedContents", nobody, "gemini"],
    ["/v1", nobody, undefined],
    ["/v2/models", google, undefined],
    ["/api/v1/nothing", anthropic, undefined],
  ])("%s, %o: %s", (path, facts, family) => {
    expect(llmFamilyOf(path, facts)?.surface).toBe(family);
  });
});
