/** What a principal may call: models by patterns, routes by how they begin. */

import { expect, test } from "vitest";
import { matchesPattern } from "#core/text-pattern.ts";
import { permitsModel, permitsRoute } from "#identity/permits.ts";

test.each([
  ["gpt-4o", "gpt-4o", true],
  ["gpt-4o", "gpt-4o-mini", false],
  ["gpt-4o", "GPT-4o", false],
  ["gpt-4o*", "gpt-4o-mini", true],
  ["*", "", true],
  ["*", "anything/at all", true],
  ["", "", true],
  ["", "x", false],
  ["*-mini", "gpt-4o-mini", true],
  ["*-mini", "gpt-4o-mini-high", false],
  ["openai/*", "openai/", true],
  ["openai/*", "openai", false],
  ["a*b*c", "a-b-b-c", true],
  ["a*b*c", "a-c-b", false],
  // What is special elsewhere is a character like any other here.
  ["gpt.4", "gpt-4", false],
  ["[ab]", "a", false],
  ["a?", "ab", false],
])("the pattern %j and the name %j: %s", (pattern, name, isTaken) => {
  expect(matchesPattern(name, pattern)).toBe(isTaken);
});

test("a pattern of stars and a long name are decided in steps that their lengths bound", () => {
  expect(matchesPattern(`${"a".repeat(100_000)}b`, "*a".repeat(128))).toBe(false);
});

test("without patterns every model is permitted; with them one of its names must fit", () => {
  expect(permitsModel({}, "x")).toBe(true);
  expect(permitsModel({ models: [] }, "x")).toBe(false);
  expect(permitsModel({ models: ["openai/*"] }, "gpt-4o", "openai/gpt-4o")).toBe(true);
  expect(permitsModel({ models: ["openai/*"] }, "gpt-4o", undefined)).toBe(false);
});

test("a route is permitted by how its path or its procedure begins", () => {
  const names = ["polygate.v1.ChatService/Chat", "/v1/chat/completions"];
  expect(permitsRoute({}, names)).toBe(true);
  expect(permitsRoute({ routes: ["/v1/chat"] }, names)).toBe(true);
  expect(permitsRoute({ routes: ["polygate.v1.ChatService/"] }, names)).toBe(true);
  expect(permitsRoute({ routes: ["/v1beta/", "polygate.v1.PredictService/"] }, names)).toBe(false);
});
