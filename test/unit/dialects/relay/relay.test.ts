/** What a provider of the client's dialect is sent. */

import { expect, test } from "vitest";
import { Relay } from "#dialects/relay/relay.ts";

const relayOf = (body: string) =>
  new Relay({
    dialect: "openai-chat",
    body: Buffer.from(body),
    headers: { a: "b" },
    query: "?c",
    hidesUsage: true,
  });

test("the bytes as they came, until somebody has judged what was read of them", () => {
  const body = '{ "a": 1.50, "a": {"b": "evil", "b": "good"},\n "fancy": [null, "é"] }';
  const relay = relayOf(body);
  expect(relay.request.body.toString()).toBe(body);
  relay.sendAsRead();
  expect(relay.request.body.toString()).toBe('{"a":{"b":"good"},"fancy":[null,"é"]}');
  expect(relay.request).toMatchObject({
    dialect: "openai-chat",
    headers: { a: "b" },
    query: "?c",
    hidesUsage: true,
  });
});
