/** The words of AI_GATEWAY_API_KEY that switch a provider on, in front of a whole gateway. */

import { join } from "node:path";
import { expect, test } from "vitest";
import { ConfigFolder } from "../support/config-folder.ts";
import { startTestGateway } from "../support/gateway.ts";
import { startProvider } from "../support/provider-double.ts";
import { startTokens } from "../support/token-double.ts";

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

test("AI_GATEWAY_API_KEY=vertex: chats go to the project's models with the service account's token, anew once where it is refused", async () => {
  await using tokens = await startTokens();
  await using vertex = await startProvider("gemini");
  using files = new ConfigFolder({ "account.json": tokens.keyFile });
  await using gateway = await startTestGateway({
    yaml: JSON.stringify({
      gateway: { host: "127.0.0.1", port: 0 },
      logging: { level: "debug" },
      providers: { vertex: { base_url: vertex.url } },
    }),
    env: {
      AI_GATEWAY_API_KEY: "vertex",
      GOOGLE_APPLICATION_CREDENTIALS: join(files.path, "account.json"),
      GOOGLE_CLOUD_LOCATION: "europe-west4",
    },
  });
  const chat = (stream: boolean) =>
    fetch(`${gateway.url}/api/v1/chat`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ message: "hello", stream, model_preference: "vertex/gemini-pro" }),
    });
  const response = await chat(false);
  expect(await response.json()).toMatchObject({ response: vertex.script.text });
  const models =
    "/v1beta1/projects/project-of-file/locations/europe-west4/publishers/google/models";
  expect(vertex.received.at(-1)?.path).toBe(`${models}/gemini-pro:generateContent`);
  expect(vertex.received.at(-1)?.headers.authorization).toBe("Bearer ya29.token-1");

  vertex.faults.push({ kind: "status", status: 401 });
  const before = vertex.received.length;
  const streamed = await chat(true);
  expect(streamed.status).toBe(200);
  expect(await streamed.text()).toContain("Hello");
  expect(vertex.received.slice(before).map(({ path }) => path)).toEqual(
    Array(2).fill(`${models}/gemini-pro:streamGenerateContent?alt=sse`),
  );
  expect(vertex.received.at(-1)?.headers.authorization).toBe("Bearer ya29.token-2");

  // Once: who is refused with a new token as well is refused.
  vertex.illness = { kind: "status", status: 401 };
  const refused = await chat(false);
  expect(refused.status).toBe(502);
  expect(tokens.given.length).toBeLessThan(5);
  const said = JSON.stringify([...gateway.lines, await refused.json()]);
  for (const secret of ["ya29.", "eyJ", tokens.privateKey.split("\n")[1] ?? "?"]) {
    expect(said).not.toContain(secret);
  }
});
