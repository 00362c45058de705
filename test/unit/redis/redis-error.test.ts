/** What went wrong with Redis, in words that are short and hold no commands. */

import { expect, test } from "vitest";
import { redisError } from "#redis/redis-error.ts";

test.each<[string, unknown, string]>([
  ["an error", new Error(" ERR out of reach "), "ERR out of reach"],
  ["the first of several", new AggregateError([new Error("one"), new Error("two")], "all"), "one"],
  ["several that are none", new AggregateError([], "all failed"), "all failed"],
  ["an error without words", new Error(" "), "it failed"],
  ["what is no error", "a text with a password", "it failed"],
])("%s has these words", (_, thrown, message) => {
  expect(redisError(thrown)).toMatchObject({ name: "RedisError", message });
});

test("no more than 200 characters are kept, and nothing of the error beside them", () => {
  const thrown = Object.assign(new Error("x".repeat(201)), { command: { args: ["secret"] } });
  const kept = redisError(thrown);
  expect(kept.message).toBe("x".repeat(200));
  expect([kept.cause, JSON.stringify(kept).includes("secret")]).toEqual([undefined, false]);
  expect(redisError(kept)).toBe(kept);
});
