/** A gateway whose configuration has HTTP rules and JSON options: its answers and its document. */

import type { JsonObject } from "@bufbuild/protobuf";
import { Validator } from "@seriousme/openapi-schema-validator";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type RunningGateway, startTestGateway } from "../support/gateway.ts";

const yaml = `
listeners:
  - { name: api, host: 127.0.0.1, port: 0 }
  - name: web
    host: 127.0.0.1
    port: 0
    rest: { json: { field_names: json, unknown_fields: ignore } }
rest:
  rules:
    - selector: polygate.v1.ChatService.Chat
      post: /ask/{session_id}
      body: "*"
      additionalBindings:
        - { post: /answer, body: "*", responseBody: response }
        - { custom: { kind: SEARCH, path: /ask }, body: "*" }
    - { selector: grpc.health.v1.Health.Check, get: /grpc-health }
  heartbeat: 20ms
  json: { emit_defaults: false }
  json_by_method:
    - { selector: grpc.health.v1.Health.*, enums: number }
    - { selector: polygate.v1.StatsService.GetStats, emit_defaults: true }
`;

let gateway: RunningGateway;
beforeAll(async () => {
  gateway = await startTestGateway({ yaml });
});
afterAll(() => gateway[Symbol.asyncDispose]());

const url = (listener: string) => gateway.urls[listener]?.replace("localhost", "127.0.0.1");
const send = (listener: string, path: string, body?: JsonObject, method = "POST") =>
  fetch(
    url(listener) + path,
    body && {
      method,
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    },
  );
const question = { message: "what is 12*7?", use_tools: true };

describe("rest.rules", () => {
  test("serves a method where its rule says, and no longer where its proto says", async () => {
    const answer = await send("api", "/ask/s-1", question);
    expect(answer.status).toBe(200);
    expect(await answer.json()).toMatchObject({ response: expect.stringContaining("84") });
    expect((await send("api", "/api/v1/chat", question)).status).toBe(404);
  });

  test("takes additional bindings, a part of the answer and methods of any name", async () => {
    const part = await send("api", "/answer", question);
    expect(await part.json()).toContain("84");
    expect((await send("api", "/ask", question, "SEARCH")).status).toBe(200);
    const other = await send("api", "/ask", question, "PUT");
    expect([other.status, other.headers.get("allow")]).toEqual([405, "SEARCH, OPTIONS"]);
  });

  test("leaves the methods that it does not select", async () => {
    expect((await send("api", "/api/v1/models")).status).toBe(200);
  });
});

test("rest.heartbeat is the silence after which a stream of events carries a comment", async () => {
  const leaving = new AbortController();
  const answer = await fetch(`${url("api")}/api/v1/stats:watch`, { signal: leaving.signal });
  let text = "";
  for await (const piece of answer.body?.pipeThrough(new TextDecoderStream()) ?? []) {
    text += piece;
    if (text.includes(": keep-alive\n\n")) break;
  }
  expect(text).toMatch(/^id: 1$/m);
  leaving.abort();
});

describe("JSON options", () => {
  test("leave defaults out everywhere but where a method has them", async () => {
    expect(await (await send("api", "/ask/s-1", question)).json()).not.toHaveProperty("cost");
    expect(JSON.stringify(await (await send("api", "/stats")).json())).toMatch(/:(0|"")[,}]/);
  });

  test("write enums as numbers for the methods that are selected", async () => {
    expect(await (await send("api", "/grpc-health")).json()).toEqual({ status: 1 });
  });

  test("are a listener's own: names, and what becomes of unknown fields", async () => {
    const strange = { ...question, colour: "red" };
    expect((await send("api", "/ask/s-1", strange)).status).toBe(400);
    const answer = await send("web", "/ask/s-1", strange);
    expect(await answer.json()).toMatchObject({ modelUsed: "polyagent-reference-1" });
    expect(await (await send("api", "/ask/s-1", question)).json()).toHaveProperty("model_used");
    // What is said for all methods counts here, too.
    expect(await (await send("web", "/ask/s-1", question)).json()).not.toHaveProperty("cost");
  });

  test("are those of events, too", async () => {
    const answer = await send("web", "/ask/s-1", { ...question, stream: true });
    const text = await answer.text();
    expect(answer.headers.get("content-type")).toBe("text/event-stream");
    expect(text).toContain('"modelUsed"');
    expect(text).not.toContain('"model_used"');
  });
});

describe("/openapi.json", () => {
  const documentOf = async (listener: string) =>
    (await send(listener, "/openapi.json")).json() as Promise<JsonObject>;

  test.for(["api", "web"])("of listener %s is valid and has the rules' paths", async (listener) => {
    const document = await documentOf(listener);
    expect(document.paths).toMatchObject({ "/ask/{session_id}": {}, "/answer": {} });
    expect(document.paths).not.toHaveProperty("/api/v1/chat");
    const { valid, errors } = await new Validator().validate(structuredClone(document));
    expect([errors, valid]).toEqual([undefined, true]);
  });

  test("has the names and the enums of the listener's answers", async () => {
    const [api, web] = await Promise.all([documentOf("api"), documentOf("web")]);
    const response = "polygate.v1.ChatResponse";
    expect(api.components).toMatchObject({
      schemas: { [response]: { properties: { model_used: {} } } },
    });
    expect(web.components).toMatchObject({
      schemas: { [response]: { properties: { modelUsed: {} } } },
    });
    const health = "grpc.health.v1.HealthCheckResponse-enum_numbers";
    expect(api.components).toMatchObject({
      schemas: { [health]: { properties: { status: { type: "integer" } } } },
    });
    expect(web.paths).toMatchObject({
      "/answer": {
        post: {
          requestBody: { content: { "application/json": { example: { useTools: true } } } },
        },
      },
    });
  });
});
