/** The words of AI_GATEWAY_API_KEY that switch a provider on, in front of a whole gateway. */

import { expect, test } from "vitest";
import { startTestGateway } from "../support/gateway.ts";
import { startProvider } from "../support/provider-double.ts";

const chat = (url: string) =>
  fetch(`${url}/api/v1/chat`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ message: "hello", model_preference: "ollama/qwen3" }),
  });

test("AI_GATEWAY_API_KEY=local: chats go to Ollama, and callers need no key", async () => {
  await using ollama = await startProvider("ollama");
  await using gateway = await startTestGateway({
    env: { AI_GATEWAY_API_KEY: "local", OLLAMA_HOST: ollama.url },
  });
  const response = await chat(gateway.url);
  expect(response.status).toBe(200);
  expect(await response.json()).toMatchObject({ response: ollama.script.text });
  expect(ollama.received.at(-1)?.path).toBe("/api/chat");
  // The word is no credential of the gateway's either.
  expect(ollama.received.at(-1)?.headers).not.toHaveProperty("authorization");
  expect(gateway.gateway.facts().backends).toContain("ollama (ollama), by environment OLLAMA_HOST");
});
