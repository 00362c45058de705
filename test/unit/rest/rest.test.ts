/** The transcoder over real sockets: what each kind of request is answered. */

import { once } from "node:events";
import { connect } from "node:net";
import { setTimeout as wait } from "node:timers/promises";
import { fromJson, type JsonObject } from "@bufbuild/protobuf";
import { Code, ConnectError, type ConnectRouter, type HandlerContext } from "@connectrpc/connect";
import { describe, expect, test } from "vitest";
import { systemClock } from "#core/clock.ts";
import { fault, reasonOf } from "#errors/fault.ts";
import { faultFrom } from "#errors/from-unknown.ts";
import { HttpRuleSchema } from "#gen/google/api/http_pb.js";
import { ChatService } from "#gen/polygate/v1/chat_pb.js";
import { HealthService } from "#gen/polygate/v1/health_pb.js";
import { ModelsService } from "#gen/polygate/v1/models_pb.js";
import { PredictService } from "#gen/polygate/v1/predict_pb.js";
import { methodExtras } from "#method-extras.ts";
import { createRest, type RestOptions } from "#rest/rest.ts";
import { createCallPath } from "#rpc/call.ts";
import { type RestServer, serveRest, type TestRequest } from "../../support/rest-server.ts";

const json = { "content-type": "application/json" };

/** Told by the handlers of a test's own routes. */
interface Told {
  readonly metadata: Record<string, string>[];
  readonly deadlines: (number | undefined)[];
}

function polygate(told: Told) {
  const note = (context: HandlerContext) => {
    told.metadata.push(Object.fromEntries(context.requestHeader));
    told.deadlines.push(context.timeoutMs());
  };
  return (router: ConnectRouter) => {
    router.service(ChatService, {
      chat({ message, maxTokens }, context) {
        note(context);
        if (message === "limit") {
          throw fault("RATE_LIMITED", "too many", { retryAfterMs: 1200 });
        }
        if (message === "who") throw fault("CREDENTIAL_MISSING", "no credential");
        if (message === "bug") throw new Error("the password is hunter2");
        if (message.startsWith("foreign ")) {
          context.responseHeader.set("x-head", "1");
          context.responseTrailer.set("x-tail", "2");
          throw new ConnectError("quota used up", Number(message.slice(8)), { "x-meta": "3" });
        }
        if (message === "passed on") {
          throw fault("BACKEND_REFUSED", "the core has no such thing", { code: Code.NotFound });
        }
        context.responseHeader.set("x-answer", "yes");
        context.responseTrailer.set("x-cost", "7");
        return { response: message, usage: { totalTokens: maxTokens ?? 0 } };
      },
      async *streamChat({ message }, context) {
        if (message === "refuse") throw fault("RATE_LIMITED", "too many");
        if (message.startsWith("foreign")) {
          context.responseHeader.set("x-head", "1");
          context.responseTrailer.set("x-tail", "2");
          if (message === "foreign later") yield { delta: "one" };
          throw new ConnectError("x", Code.NotFound, { "x-meta": "3" });
        }
        for (const delta of message.split(" ")) {
          if (delta === "break") throw new Error("the password is hunter2");
          yield { delta };
        }
      },
    });
    router.service(PredictService, {
      predict: ({ model, file, topK, inputs }) => ({
        model,
        version: Buffer.from(file).toString("latin1"),
        backend: `${topK ?? "-"} ${inputs.length}`,
      }),
    });
    router.service(ModelsService, {
      getModel: ({ model }) => ({ id: model }),
      listModels: () => ({}),
      reloadModel: ({ model }) => ({ model: { id: model } }),
    });
    router.service(HealthService, { getBackends: () => ({ status: "healthy" }) });
  };
}

async function serve(options: Partial<RestOptions> = {}): Promise<RestServer & Told> {
  const told: Told = { metadata: [], deadlines: [] };
  const calls = createCallPath(polygate(told), []);
  const rest = createRest(calls, {
    bodyBytesMax: 1 << 20,
    clock: systemClock,
    extrasOf: methodExtras,
    ...options,
  });
  const server = await serveRest(rest);
  return Object.assign(server, told);
}

function errorOf(text: string) {
  return JSON.parse(text).error as { code: string; message: string; details: JsonObject[] };
}

const chat = (body: object | string, headers = {}): TestRequest => ({
  method: "POST",
  target: "/api/v1/chat",
  headers: { ...json, ...headers },
  body: typeof body === "string" ? body : JSON.stringify(body),
});

describe("a call that fails before its message is there", () => {
  test.each([
    { name: "a body that is no JSON", request: chat("{"), code: "BODY_MALFORMED" },
    {
      name: "a field that is not known",
      request: chat({ nope: 1 }),
      code: "REQUEST_INVALID",
    },
    {
      name: "a deadline that does not read",
      request: chat({ message: "x" }, { "grpc-timeout": "soon" }),
      code: "PARAMETER_INVALID",
    },
    {
      name: "a body over the limit",
      request: chat({ message: "x".repeat(2 << 20) }),
      code: "BODY_TOO_LARGE",
    },
  ])(
    "is told to the observer, once, by way of the interceptors: $name",
    async ({ request, code }) => {
      const told: unknown[] = [];
      let passed = 0;
      const calls = createCallPath(
        polygate({ metadata: [], deadlines: [] }),
        [
          (next) => (call) => {
            passed += 1;
            return next(call);
          },
        ],
        {
          translate: faultFrom,
          observer: () => () => (failure) => told.push(reasonOf(failure as ConnectError)),
        },
      );
      await using server = await serveRest(
        createRest(calls, { bodyBytesMax: 1 << 20, clock: systemClock, extrasOf: methodExtras }),
      );
      const answer = await server.send(request);
      expect([errorOf(answer.text).code, told, passed]).toEqual([code, [code], 1]);
    },
  );
});

describe("a unary call", () => {
  test("answers with proto names and fields at their defaults", async () => {
    await using server = await serve();
    const answer = await server.send(chat({ message: "hi" }));
    expect(answer.status).toBe(200);
    expect(answer.headers["content-type"]).toBe("application/json");
    expect(JSON.parse(answer.text)).toEqual({
      response: "hi",
      model_used: "",
      usage: {
        prompt_tokens: 0,
        completion_tokens: 0,
        total_tokens: 0,
        cache_read_tokens: 0,
        cache_write_tokens: 0,
        cache_write_long_tokens: 0,
        reasoning_tokens: 0,
        audio_prompt_tokens: 0,
        audio_completion_tokens: 0,
        estimated: false,
      },
      cost: 0,
      tools_called: [],
      processing_time_ms: 0,
      tool_calls: [],
      finish_reason: "",
      parts: [],
      alternatives: [],
      id: "",
    });
  });

  test("takes both names of a field, and carries metadata both ways", async () => {
    await using server = await serve();
    for (const name of ["max_tokens", "maxTokens"]) {
      const answer = await server.send(chat({ message: "hi", [name]: 5 }, { "x-mine": "1" }));
      expect(JSON.parse(answer.text).usage.total_tokens).toBe(5);
      expect(answer.headers).toMatchObject({ "x-answer": "yes", "trailer-x-cost": "7" });
    }
    expect(server.metadata[0]).toMatchObject({ "x-mine": "1" });
  });

  test("JSON options hold for all methods, and differently for one", async () => {
    await using server = await serve({
      json: { names: "json", emitDefaults: false },
      jsonByMethod: { "polygate.v1.ModelsService.GetModel": { emitDefaults: true } },
    });
    const answer = await server.send(chat({ message: "hi", maxTokens: 5 }));
    expect(answer.text).toBe('{"response":"hi","usage":{"totalTokens":5}}');
    const model = await server.send({ target: "/api/v1/models/m" });
    expect(JSON.parse(model.text)).toMatchObject({ id: "m", provider: "", aliases: [] });
  });

  test("HEAD is answered as GET without the body", async () => {
    await using server = await serve();
    const get = await server.send({ target: "/health" });
    const head = await server.send({ method: "HEAD", target: "/health" });
    expect(head.status).toBe(200);
    expect(head.headers["content-length"]).toBe(get.headers["content-length"]);
    expect(head.text).toBe("");
  });

  test("OPTIONS is answered with the methods of the path", async () => {
    await using server = await serve();
    const answer = await server.send({ method: "OPTIONS", target: "/health" });
    expect(answer.status).toBe(204);
    expect(answer.headers.allow?.split(", ").sort()).toEqual(["GET", "HEAD", "OPTIONS"]);
  });
});

describe("an error", () => {
  const long = "x".repeat(20_000);
  const deep = `${'{"a":'.repeat(5000)}1${"}".repeat(5000)}`;
  const rows: (TestRequest & {
    name: string;
    status: number;
    code: string;
    field?: string;
    message?: RegExp;
  })[] = [
    { name: "an unknown path", target: "/nope", status: 404, code: "ROUTE_UNKNOWN" },
    { name: "a wrong method", target: "/api/v1/chat", status: 405, code: "METHOD_NOT_ALLOWED" },
    { name: "no JSON", ...chat("{"), status: 400, code: "BODY_MALFORMED" },
    { name: "blank text", ...chat(" \n"), status: 400, code: "BODY_MALFORMED" },
    {
      name: "a body that is not UTF-8",
      ...chat({}),
      body: Buffer.from('{"message":"\xff"}', "latin1"),
      status: 400,
      code: "BODY_MALFORMED",
    },
    {
      name: "a value of the wrong type",
      ...chat({ message: 5 }),
      status: 400,
      code: "REQUEST_INVALID",
      field: "message",
    },
    {
      name: "a number out of range",
      ...chat({ max_tokens: 1e300 }),
      status: 400,
      code: "REQUEST_INVALID",
      field: "max_tokens",
    },
    {
      name: "an unknown field",
      ...chat({ mesage: "hi" }),
      status: 400,
      code: "REQUEST_INVALID",
      field: "mesage",
    },
    {
      name: "a name of the prototype",
      ...chat('{"__proto__":{"message":"hi"}}'),
      status: 400,
      code: "REQUEST_INVALID",
      field: "__proto__",
    },
    {
      name: "the same key twice",
      ...chat('{"message":"a","message":"b"}'),
      status: 400,
      code: "REQUEST_INVALID",
      field: "message",
    },
    {
      name: "a list in place of a message",
      ...chat("[]"),
      status: 400,
      code: "REQUEST_INVALID",
      message: /: expected a JSON object$/,
    },
    {
      name: "a value of the wrong type deep in the body",
      ...chat({ messages: [{ role: "user" }, { tool_calls: [{}, { name: 7 }] }] }),
      status: 400,
      code: "REQUEST_INVALID",
      field: "messages[1].tool_calls[1].name",
    },
    {
      name: "an unknown field deep in the body",
      ...chat({ messages: [{ rolle: "user" }] }),
      status: 400,
      code: "REQUEST_INVALID",
      field: "messages[0].rolle",
    },
    {
      name: "a text in place of a message in a list",
      ...chat({ messages: ["hi"] }),
      status: 400,
      code: "REQUEST_INVALID",
      field: "messages[0]",
      message: /^messages\[0\]: expected a JSON object$/,
    },
    {
      name: "a list that goes on for ever",
      ...chat("[".repeat(30_000) + "]".repeat(30_000)),
      status: 400,
      code: "REQUEST_INVALID",
    },
    {
      name: "a field by both names",
      ...chat('{"max_tokens":1,"maxTokens":1}'),
      status: 400,
      code: "REQUEST_INVALID",
      field: "max_tokens",
    },
    { name: "deep nesting", ...chat(deep), status: 400, code: "REQUEST_INVALID" },
    {
      name: "an unknown type",
      ...chat("x", { "content-type": "text/xml" }),
      status: 415,
      code: "MEDIA_TYPE_UNSUPPORTED",
    },
    {
      name: "another charset",
      ...chat("{}", { "content-type": "application/json; charset=latin1" }),
      status: 415,
      code: "MEDIA_TYPE_UNSUPPORTED",
    },
    {
      name: "a compressed body",
      ...chat("{}", { "content-encoding": "gzip" }),
      status: 415,
      code: "MEDIA_TYPE_UNSUPPORTED",
    },
    {
      name: "an Accept without JSON",
      ...chat({ message: "hi" }, { accept: "text/html" }),
      status: 406,
      code: "NOT_ACCEPTABLE",
    },
    {
      name: "a deadline that does not read",
      ...chat({ message: "hi" }, { "x-server-timeout": "soon" }),
      status: 400,
      code: "PARAMETER_INVALID",
      field: "x-server-timeout",
    },
    {
      name: "a query beside a whole body",
      ...chat({ message: "hi" }),
      target: "/api/v1/chat?context=x",
      status: 400,
      code: "PARAMETER_INVALID",
      field: "context",
    },
    {
      name: "an unknown parameter",
      target: "/health?__proto__=1",
      status: 400,
      code: "PARAMETER_INVALID",
      field: "__proto__",
    },
    {
      name: "a parameter that the path fills",
      target: "/api/v1/models/m?model=n",
      status: 400,
      code: "PARAMETER_INVALID",
      field: "model",
    },
    {
      name: "more parameters than are read",
      target: `/health?${"&".repeat(1001)}`,
      status: 400,
      code: "REQUEST_INVALID",
    },
    {
      name: "a bad escape in a parameter",
      target: "/health?a=%e0%a4",
      status: 400,
      code: "PARAMETER_INVALID",
      field: "a",
    },
    {
      name: "a bad escape in the path",
      target: "/api/v1/models/%zz",
      status: 400,
      code: "REQUEST_INVALID",
      field: "path",
    },
    {
      name: "bytes of no UTF-8 in the path",
      target: "/api/v1/models/%ff",
      status: 400,
      code: "REQUEST_INVALID",
      field: "path",
    },
    {
      name: "an overlong target, also below the front door's bound",
      target: `/api/v1/models/${long.slice(0, 16_000)}`,
      status: 414,
      code: "TARGET_TOO_LONG",
    },
    {
      name: "a body where none is taken",
      method: "GET",
      target: "/health",
      headers: { "content-length": "2" },
      body: "{}",
      status: 400,
      code: "REQUEST_INVALID",
    },
    {
      name: "an upload whose path has no variable's text",
      method: "POST",
      target: "/predict/",
      body: "{}",
      status: 404,
      code: "ROUTE_UNKNOWN",
    },
    {
      name: "JSON that claims to be a form",
      ...chat('{"message":"hi"}', { "content-type": "application/x-www-form-urlencoded" }),
      status: 415,
      code: "MEDIA_TYPE_UNSUPPORTED",
    },
    {
      name: "a credential that is missing",
      ...chat({ message: "who" }),
      status: 401,
      code: "CREDENTIAL_MISSING",
    },
    { name: "a bug", ...chat({ message: "bug" }), status: 500, code: "INTERNAL" },
  ];
  for (const { name, status, code, field, message = /\w/, ...request } of rows) {
    test(`for ${name} is ${status} ${code} in the REST shape`, async () => {
      await using server = await serve({ targetBytesMax: 8192 });
      const answer = await server.send(request);
      expect({ status: answer.status, error: errorOf(answer.text) }).toMatchObject({
        status,
        error: {
          code,
          message: expect.stringMatching(message),
          request_id: "req-1",
          timestamp: expect.stringMatching(/^\d{4}-.*Z$/),
        },
      });
      expect(answer.headers["content-type"]).toBe("application/json");
      const [info, badRequest] = errorOf(answer.text).details;
      expect(info).toEqual({
        "@type": "type.googleapis.com/google.rpc.ErrorInfo",
        reason: code,
        domain: "polygate",
      });
      if (field !== undefined) {
        expect(badRequest).toMatchObject({
          "@type": "type.googleapis.com/google.rpc.BadRequest",
          field_violations: [{ field }],
        });
      }
      const next = await server.send(chat({ message: "next" }));
      expect(JSON.parse(next.text).response).toBe("next");
    });
  }

  test.each([
    [Code.Canceled, 499, "CANCELLED"],
    [Code.Unknown, 500, "UNKNOWN"],
    [Code.InvalidArgument, 400, "REQUEST_INVALID"],
    [Code.DeadlineExceeded, 504, "DEADLINE_EXCEEDED"],
    [Code.NotFound, 404, "NOT_FOUND"],
    [Code.AlreadyExists, 409, "ALREADY_EXISTS"],
    [Code.PermissionDenied, 403, "PERMISSION_DENIED"],
    [Code.ResourceExhausted, 429, "RESOURCE_EXHAUSTED"],
    [Code.FailedPrecondition, 400, "FAILED_PRECONDITION"],
    [Code.Aborted, 409, "ABORTED"],
    [Code.OutOfRange, 400, "OUT_OF_RANGE"],
    [Code.Unimplemented, 501, "UNIMPLEMENTED"],
    [Code.Internal, 500, "INTERNAL"],
    [Code.Unavailable, 503, "UNAVAILABLE"],
    [Code.DataLoss, 500, "DATA_LOSS"],
    [Code.Unauthenticated, 401, "UNAUTHENTICATED"],
  ])("of a handler with code %i is %i %s, with its metadata and the handler's", async (...row) => {
    const [code, status, name] = row;
    await using server = await serve();
    const answer = await server.send(chat({ message: `foreign ${code}` }));
    expect([answer.status, errorOf(answer.text)]).toEqual([
      status,
      expect.objectContaining({ code: name, message: "quota used up" }),
    ]);
    expect(answer.headers).toMatchObject({ "x-head": "1", "trailer-x-tail": "2", "x-meta": "3" });
  });

  test("whose code is not that of its reason names it in its details", async () => {
    await using server = await serve();
    const answer = await server.send(chat({ message: "passed on" }));
    expect(answer.status).toBe(404);
    expect(errorOf(answer.text)).toMatchObject({
      code: "BACKEND_REFUSED",
      details: [{ reason: "BACKEND_REFUSED", metadata: { code: "NOT_FOUND" } }],
    });
  });

  test("for a bug keeps its text to itself", async () => {
    await using server = await serve();
    expect((await server.send(chat({ message: "bug" }))).text).not.toContain("hunter2");
  });

  test("names the types of content that are taken", async () => {
    await using server = await serve();
    const answer = await server.send(chat("<x/>", { "content-type": "text/xml" }));
    const { message } = errorOf(answer.text);
    for (const type of ["text/xml", "application/json", "multipart/form-data"]) {
      expect(message).toContain(type);
    }
  });

  test("carries the header fields that HTTP asks for", async () => {
    await using server = await serve();
    const limited = await server.send(chat({ message: "limit" }));
    expect(limited.status).toBe(429);
    expect(limited.headers["retry-after"]).toBe("2");
    expect(errorOf(limited.text).details[1]).toEqual({
      "@type": "type.googleapis.com/google.rpc.RetryInfo",
      retry_delay: "1.200s",
    });
    const unknown = await server.send(chat({ message: "who" }));
    expect(unknown.headers["www-authenticate"]).toBe("Bearer");
    const wrong = await server.send({ target: "/api/v1/chat" });
    expect(wrong.headers.allow?.split(", ").sort()).toEqual(["OPTIONS", "POST"]);
  });

  test("for a body that is too large is 413", async () => {
    await using server = await serve({ bodyBytesMax: 100 });
    const answer = await server.send(chat({ message: "x".repeat(200) }));
    expect(answer.status).toBe(413);
    expect(errorOf(answer.text).code).toBe("BODY_TOO_LARGE");
  });
});

describe("paths", () => {
  const rows = [
    { name: "a colon within a name stays", target: "/api/v1/models/llama3:8b", id: "llama3:8b" },
    {
      name: "a slash is part of a long name",
      target: "/api/v1/models/meta/llama",
      id: "meta/llama",
    },
    { name: "an escaped slash stays escaped", target: "/api/v1/models/a%2fb/c", id: "a%2fb/c" },
    { name: "text is decoded once", target: "/api/v1/models/%2525%20%C3%A9", id: "%25 é" },
    { name: "dots are segments like others", target: "/api/v1/models/../x", id: "../x" },
    {
      name: "GET does not take the verb of a POST",
      target: "/api/v1/models/m:predict",
      id: "m:predict",
    },
  ];
  for (const { name, target, id } of rows) {
    test(name, async () => {
      await using server = await serve();
      const answer = await server.send({ target });
      expect(JSON.parse(answer.text)).toMatchObject({ id });
    });
  }

  test("a variable of one segment is decoded whole", async () => {
    await using server = await serve();
    const answer = await server.send({ method: "POST", target: "/reload/a%2Fb", body: "" });
    expect(JSON.parse(answer.text).model.id).toBe("a/b");
  });

  test("the path wins over the body", async () => {
    await using server = await serve();
    const body = JSON.stringify({ model: "theirs" });
    const answer = await server.send({
      method: "POST",
      target: "/reload/ours",
      headers: json,
      body,
    });
    expect(JSON.parse(answer.text).model.id).toBe("ours");
  });
});

describe("deadlines", () => {
  test("the shortest of the fields that name one counts", async () => {
    await using server = await serve();
    const headers = {
      "grpc-timeout": "9S",
      "x-server-timeout": "5.5",
      "connect-timeout-ms": "7000",
    };
    await server.send(chat({ message: "hi" }, headers));
    await server.send(chat({ message: "hi" }));
    const [given, none] = server.deadlines;
    expect(given).toBeGreaterThan(0);
    expect(given).toBeLessThanOrEqual(5500);
    expect(none).toBeUndefined();
  });

  test("one that has passed is 504", async () => {
    await using server = await serve();
    const answer = await server.send(chat({ message: "hi" }, { "grpc-timeout": "0m" }));
    expect([answer.status, server.deadlines]).toEqual([504, []]);
  });

  test("one that passes while the body still comes is 504", async () => {
    await using server = await serve();
    const stalled = { "x-server-timeout": "0.05", "content-length": "1000" };
    const answer = await server.send(chat({ message: "hi" }, stalled));
    expect([answer.status, server.deadlines]).toEqual([504, []]);
  });
});

describe("forms", () => {
  const urlencoded = { "content-type": "application/x-www-form-urlencoded" };

  function multipart(parts: readonly [name: string, value: string | Blob][]): Promise<TestRequest> {
    const form = new FormData();
    for (const [name, value] of parts) form.append(name, value);
    const request = new Request("http://test/", { method: "POST", body: form });
    const contentType = request.headers.get("content-type") ?? "";
    return request.arrayBuffer().then((bytes) => ({
      method: "POST",
      target: "/predict/m",
      headers: { "content-type": contentType },
      body: new Uint8Array(bytes),
    }));
  }

  test("an urlencoded body fills fields by name", async () => {
    await using server = await serve();
    const body = "message=a+b%20c&max_tokens=3";
    const answer = await server.send({ ...chat(body, urlencoded), body });
    expect(JSON.parse(answer.text)).toMatchObject({
      response: "a b c",
      usage: { total_tokens: 3 },
    });
  });

  test("a multipart body fills fields by name, a file those of bytes", async () => {
    await using server = await serve();
    const file = new Blob(["\x00image"], { type: "image/png" });
    const answer = await server.send(
      await multipart([
        ["file", file],
        ["top_k", "3"],
      ]),
    );
    expect(JSON.parse(answer.text)).toMatchObject({
      model: "m",
      version: "\x00image",
      backend: "3 0",
    });
  });

  test("a file may be empty, and a text field may come as a file", async () => {
    await using server = await serve();
    const answer = await server.send(
      await multipart([
        ["file", new Blob([])],
        ["top_k", new Blob(["4"])],
      ]),
    );
    expect(JSON.parse(answer.text)).toMatchObject({ version: "", backend: "4 0" });
  });

  test.for([
    {
      name: "a file without a file's name",
      head: 'name="file"\r\ncontent-type: image/png',
    },
    { name: "the only file under any name", head: 'name="image"; filename="a.png"' },
    { name: "the only file by its type alone", head: 'name="x"\r\ncontent-type: image/jpeg' },
  ])("$name goes into the field for files", async ({ head }) => {
    await using server = await serve();
    const answer = await server.send({
      method: "POST",
      target: "/predict/m",
      headers: { "content-type": "multipart/form-data; boundary=b" },
      body:
        `--b\r\ncontent-disposition: form-data; ${head}\r\n\r\nimage\r\n` +
        '--b\r\ncontent-disposition: form-data; name="top_k"\r\n\r\n3\r\n--b--',
    });
    expect(JSON.parse(answer.text)).toMatchObject({ version: "image", backend: "3 0" });
  });

  test("one of two files, or the only text, must name its field", async () => {
    await using server = await serve();
    const files = await server.send(
      await multipart([
        ["image", new Blob(["a"])],
        ["file", new Blob(["b"])],
      ]),
    );
    expect(errorOf(files.text).message).toBe("image: unknown form field");
    const text = await server.send(await multipart([["image", "eA=="]]));
    expect(errorOf(text.text).message).toBe("image: unknown form field");
    const both = await server.send(
      await multipart([
        ["image", new Blob(["a"])],
        ["file", "eA=="],
      ]),
    );
    expect(errorOf(both.text).message).toContain("given more than once");
  });

  test.for([
    { name: "pairs", body: "message=a&".repeat(1001), status: 400 },
    { name: "ampersands", body: "&".repeat(900_000), status: 400 },
    { name: "empty pairs up to the limit", body: "message=a&&&", status: 200 },
  ])("of $name is bounded", async ({ body, status }) => {
    await using server = await serve();
    const answer = await server.send({ ...chat(body, urlencoded), body });
    expect(answer.status).toBe(status);
    if (status === 400 && body.startsWith("&")) {
      expect(errorOf(answer.text)).toMatchObject({
        code: "REQUEST_INVALID",
        message: "more than 1000 parameters or form fields",
      });
    }
  });

  test.each([
    ["blanks", "+", " "],
    ["escapes", "%41", "A"],
    ["characters of four escapes", "%F0%9D%84%9E", "𝄞"],
    ["characters as they are", "é", "é"],
  ])("of 900 kB of %s is decoded", async (_name, unit, character) => {
    await using server = await serve();
    const times = Math.floor(900_000 / Buffer.byteLength(unit));
    for (const shift of ["", "a", "ab", "abc"]) {
      const body = `message=${shift}${unit.repeat(times)}`;
      const answer = await server.send({ ...chat(body, urlencoded), body });
      expect(JSON.parse(answer.text).response === shift + character.repeat(times)).toBe(true);
    }
  });

  test("of a long text with a bad escape, or a long name, is refused", async () => {
    await using server = await serve();
    for (const body of [
      `message=${"a".repeat(200_000)}%`,
      `message=${"%80".repeat(100_000)}`,
      `message=${"a".repeat(65_535)}%zz`,
      `${"n".repeat(3_073)}=a`,
      `${"n".repeat(500_000)}=a`,
    ]) {
      const answer = await server.send({ ...chat(body, urlencoded), body });
      expect([answer.status, errorOf(answer.text).code]).toEqual([400, "PARAMETER_INVALID"]);
    }
  });

  test.for([
    { name: "a part that names no field", parts: [["fiel", "x"]] as const, field: "fiel" },
    {
      name: "a second file for one field",
      parts: [
        ["file", "eA=="],
        ["file", "eA=="],
      ] as const,
      field: "file",
    },
    { name: "a text that is no number", parts: [["top_k", "many"]] as const, field: "top_k" },
    { name: "a message as text", parts: [["inputs", "x"]] as const, field: "inputs" },
  ])("$name is refused by name", async ({ parts, field }) => {
    await using server = await serve();
    const answer = await server.send(await multipart(parts.map(([name, text]) => [name, text])));
    expect(answer.status).toBe(400);
    expect(errorOf(answer.text).details[1]).toMatchObject({ field_violations: [{ field }] });
  });

  test("a multipart body that is cut off anywhere is an error, never a hang", async () => {
    await using server = await serve();
    const whole = await multipart([
      ["file", new Blob(["0123456789"])],
      ["top_k", "3"],
    ]);
    const bytes = whole.body as Uint8Array;
    // The line break at its end may be missing.
    const end = Buffer.from(bytes).lastIndexOf("--") + 2;
    for (let length = 0; length < end; length += 1) {
      const answer = await server.send({ ...whole, body: bytes.subarray(0, length) });
      expect({ length, status: answer.status }).toEqual({ length, status: 400 });
      expect(errorOf(answer.text).code).toBe("BODY_MALFORMED");
    }
  });

  test("a multipart part whose head has no end is refused, never passed over, never a hang", async () => {
    await using server = await serve();
    const answer = await server.send({
      method: "POST",
      target: "/predict/m",
      headers: { "content-type": "multipart/form-data; boundary=b" },
      body: Buffer.from(
        '--b\r\ncontent-disposition: form-data; name="top_k"\r\n\r\n3\r\n' +
          '--b\r\ncontent-disposition: form-data; name="file"\r\n\xff\r\n"x"\r\n--b--\r\n',
        "latin1",
      ),
    });
    expect(answer.status).toBe(400);
    expect(errorOf(answer.text)).toMatchObject({
      code: "BODY_MALFORMED",
      message: expect.stringContaining("head"),
    });
  });

  test("an upload that stops half-way leaves the server as it was", async () => {
    await using server = await serve();
    const socket = connect(server.port, "127.0.0.1");
    socket.write(
      "POST /predict/m HTTP/1.1\r\nhost: x\r\ncontent-length: 1000\r\n" +
        "content-type: multipart/form-data; boundary=b\r\n\r\n--b\r\n",
    );
    await once(socket, "connect");
    await wait(20);
    socket.destroy();
    expect(JSON.parse((await server.send(chat({ message: "next" }))).text).response).toBe("next");
  });

  test("more parts than the bound is an error", async () => {
    await using server = await serve();
    const parts = Array.from({ length: 300 }, (): [string, string] => ["inputs", "x"]);
    const answer = await server.send(await multipart(parts));
    expect(errorOf(answer.text)).toMatchObject({ code: "BODY_MALFORMED" });
  });
});

describe("a server stream", () => {
  const stream = (message: string, accept?: string): TestRequest => ({
    ...chat({ message }, accept === undefined ? {} : { accept }),
    target: "/api/v1/chat:stream",
  });
  const deltas = (text: string) => JSON.parse(text).map((each: { delta: string }) => each.delta);

  test.for([
    { accept: undefined, type: "text/event-stream" },
    { accept: "*/*", type: "text/event-stream" },
    { accept: "text/*", type: "text/event-stream" },
    { accept: "application/json", type: "application/json" },
    { accept: "application/x-ndjson, application/json;q=0.5", type: "application/x-ndjson" },
    { accept: "text/event-stream;q=0, */*", type: "application/x-ndjson" },
  ])("leaves as $type for Accept $accept", async ({ accept, type }) => {
    await using server = await serve();
    const answer = await server.send(stream("a b", accept));
    expect(answer.status).toBe(200);
    expect(answer.headers["content-type"]).toBe(type);
  });

  test("as server-sent events numbers them", async () => {
    await using server = await serve({ json: { emitDefaults: false } });
    const answer = await server.send(stream("a b"));
    expect(answer.text).toBe(
      'retry: 3000\n\nid: 1\ndata: {"delta":"a"}\n\nid: 2\ndata: {"delta":"b"}\n\n',
    );
  });

  test("as JSON lines has one message a line; as an array it is one document", async () => {
    await using server = await serve({ json: { emitDefaults: false } });
    const lines = await server.send(stream("a b", "application/x-ndjson"));
    expect(lines.text).toBe('{"delta":"a"}\n{"delta":"b"}\n');
    expect(deltas((await server.send(stream("a b", "application/json"))).text)).toEqual(["a", "b"]);
  });

  test("that breaks ends with an error frame in every format", async () => {
    await using server = await serve({ json: { emitDefaults: false } });
    const events = await server.send(stream("a break"));
    expect(events.text).toMatch(
      /data: {"delta":"a"}\n\nevent: error\ndata: {"error":{"code":"INTERNAL".*}\n\n$/,
    );
    const lines = await server.send(stream("a break", "application/x-ndjson"));
    expect(errorOf(lines.text.split("\n")[1] ?? "").code).toBe("INTERNAL");
    const array = await server.send(stream("a break", "application/json"));
    expect(JSON.parse(array.text)[1].error.code).toBe("INTERNAL");
    expect(events.text + lines.text + array.text).not.toContain("hunter2");
  });

  test("that fails before its first message has the error's own status", async () => {
    await using server = await serve();
    const answer = await server.send(stream("refuse"));
    expect(answer.status).toBe(429);
    expect(errorOf(answer.text).code).toBe("RATE_LIMITED");
  });

  test("carries the metadata of an error, ahead of the first message or behind the last", async () => {
    await using server = await serve();
    const early = await server.send(stream("foreign"));
    expect(early.status).toBe(404);
    expect(early.headers).toMatchObject({ "x-head": "1", "trailer-x-tail": "2", "x-meta": "3" });
    const late = await server.send(stream("foreign later"));
    expect(late.headers).toMatchObject({ "x-head": "1" });
    expect(late.trailers).toMatchObject({ "x-tail": "2", "x-meta": "3" });
  });

  test("that no format fits is 406", async () => {
    await using server = await serve();
    expect((await server.send(stream("a", "text/html"))).status).toBe(406);
  });

  test("answers a unary call whose field asks for it", async () => {
    await using server = await serve({ json: { emitDefaults: false } });
    const answer = await server.send(chat({ message: "a b", stream: true }));
    expect(answer.headers["content-type"]).toBe("text/event-stream");
    expect(answer.text).toContain('id: 2\ndata: {"delta":"b"}');
    const plain = await server.send(chat({ message: "a b", stream: false }));
    expect(JSON.parse(plain.text).response).toBe("a b");
  });
});

describe("rules beside the annotations", () => {
  const rule = (more: JsonObject) => fromJson(HttpRuleSchema, more);

  test("win over those of the same method and leave the others", async () => {
    await using server = await serve({
      rules: [rule({ selector: "polygate.v1.HealthService.GetBackends", get: "/how/are/you" })],
    });
    expect((await server.send({ target: "/how/are/you" })).status).toBe(200);
    expect((await server.send({ target: "/health" })).status).toBe(404);
    expect((await server.send({ target: "/api/v1/models/m" })).status).toBe(200);
  });

  test("may name any HTTP method, and a query to pass over", async () => {
    await using server = await serve({
      rules: [
        rule({
          selector: "polygate.v1.HealthService.GetBackends",
          custom: { kind: "*", path: "/h" },
        }),
      ],
      ignoredQueryParameters: ["utm_*", "key"],
    });
    for (const method of ["GET", "POST", "PURGE"]) {
      const answer = await server.send({ method, target: "/h?utm_source=x&key=1" });
      expect({ method, status: answer.status }).toEqual({ method, status: 200 });
    }
    expect((await server.send({ target: "/h?keys=1" })).status).toBe(400);
  });

  test.for([
    {
      name: "an unknown method",
      rule: { selector: "a.B.C", get: "/" },
      problem: "a.B.C: selector: no such method",
    },
    { name: "no pattern", rule: {}, problem: "the rule names no HTTP method and path" },
    { name: "an unknown variable", rule: { get: "/{nope}" }, problem: "has no field nope" },
    { name: "an unknown body", rule: { post: "/", body: "nope" }, problem: "has no field nope" },
    {
      name: "an unknown part of the answer",
      rule: { get: "/", responseBody: "nope" },
      problem: "nope",
    },
    { name: "a bad template", rule: { get: "/{" }, problem: "column 3" },
    {
      name: "nested bindings",
      rule: { get: "/", additionalBindings: [{ get: "/a", additionalBindings: [{ get: "/b" }] }] },
      problem: "additional_bindings do not nest",
    },
    {
      name: "a path that another method takes",
      rule: { get: "/api/v1/models" },
      problem: "polygate.v1.ModelsService.ListModels and",
    },
  ])("$name is an error at construction that names the method", ({ rule: more, problem }) => {
    const selector = "polygate.v1.HealthService.GetHealth";
    const calls = createCallPath(polygate({ metadata: [], deadlines: [] }), []);
    const rules = [rule({ selector, ...more })];
    const build = () => createRest(calls, { bodyBytesMax: 1, clock: systemClock, rules });
    expect(build).toThrow(problem);
    if (!("selector" in more)) expect(build).toThrow(selector);
  });

  test("a second rule of a method is an error, and every clash of paths is told of", () => {
    const calls = createCallPath(polygate({ metadata: [], deadlines: [] }), []);
    const build = (rules: JsonObject[]) =>
      createRest(calls, { bodyBytesMax: 1, clock: systemClock, rules: rules.map(rule) });
    const selector = "polygate.v1.HealthService.GetHealth";
    expect(() =>
      build([
        { selector, get: "/a" },
        { selector, get: "/b" },
      ]),
    ).toThrow(`${selector}: selector: has two rules`);
    const paths = { get: "/api/v1/models", additionalBindings: [{ get: "/models" }] };
    expect(() => build([{ selector, ...paths }])).toThrow(
      /GetHealth both take GET \/api\/v1\/models; .*GetHealth both take GET \/models$/,
    );
  });
});
