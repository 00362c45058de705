/** A core of which no one said what it speaks: who is asked, when it is known, and when it is asked again. */

import { readFileSync } from "node:fs";
import { createServer as createTcpServer } from "node:net";
import { create } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import { createAgent, plainAgent } from "#agent/agent.ts";
import type { ChatBackend } from "#backends/backend.ts";
import { openCore } from "#backends/open-core.ts";
import { type CoreLanguages, RecognisedCore } from "#backends/recognised-core.ts";
import { normalized } from "#chat/normalize.ts";
import { abortable } from "#core/abortable.ts";
import { systemClock } from "#core/clock.ts";
import { seededRng } from "#core/rng.ts";
import { fault, reasonOf } from "#errors/fault.ts";
import { faultFrom } from "#errors/from-unknown.ts";
import { ChatRequestSchema, ChatResponseSchema } from "#gen/polygate/v1/chat_pb.js";
import { startCoreServer } from "../../support/core-server.ts";
import { startHttpCore } from "../../support/http-core-double.ts";
import { createManualClock } from "../../support/manual-clock.ts";
import { serverTls } from "../../support/tls.ts";

const agent = createAgent(plainAgent, { clock: systemClock, rng: seededRng(1) });
const { signal } = new AbortController();
const call = { signal, requestId: "", model: "" };
const hello = normalized(create(ChatRequestSchema, { message: "echo hello" }));

async function faultOf(promise: Promise<unknown>) {
  return await promise.then(
    () => expect.unreachable("it should have failed"),
    (thrown: unknown) => faultFrom(thrown),
  );
}

const openAuto = (url: string) =>
  openCore({ url, protocol: "auto", task: "chat", transport: "http2" }, systemClock);

describe("on the wire", () => {
  test("one that speaks HTTP is called over HTTP", async () => {
    await using core = await startHttpCore("by HTTP");
    await using backend = await openAuto(core.url);
    expect(await backend.check(signal)).toBe(200);
    expect((await backend.chat(hello, call)).response).toBe("by HTTP");
  });

  test("one that speaks gRPC is called over gRPC", async () => {
    await using core = await startCoreServer(agent);
    await using backend = await openAuto(core.url);
    await backend.check(signal);
    expect((await backend.chat(hello, call)).response).toBe("hello");
  });

  test("one that speaks gRPC behind TLS is called over gRPC", async () => {
    const [cert, key] = [readFileSync(serverTls.certFile), readFileSync(serverTls.keyFile)];
    await using core = await startCoreServer(agent, 0, { cert, key });
    const tls = { caFile: serverTls.caFile, serverName: "localhost" };
    await using backend = await openCore(
      { url: core.url, protocol: "auto", task: "chat", transport: "http2", tls },
      systemClock,
    );
    await backend.check(signal);
    expect((await backend.chat(hello, call)).response).toBe("hello");
  });

  test("a call that comes before the first health check finds out, too", async () => {
    await using core = await startHttpCore("by HTTP");
    await using backend = await openAuto(core.url);
    const whole = backend.chat(hello, call);
    const pieces = Array.fromAsync(backend.streamChat(hello, call));
    expect((await whole).response).toBe("by HTTP");
    expect((await pieces).flat().map(({ event }) => event.case)).toContain("textDelta");
    // Once for both.
    expect(core.checks).toEqual(["/health"]);
  });

  test("another that comes in its place is recognised after a health check has failed", async () => {
    const first = await startHttpCore("by HTTP");
    const port = Number(new URL(first.url).port);
    await using backend = await openAuto(first.url);
    await backend.check(signal);
    await first[Symbol.asyncDispose]();
    expect(reasonOf(await faultOf(backend.check(signal)))).toBe("BACKEND_LOST");
    await using second = await startCoreServer(agent, port);
    expect(second.port).toBe(port);
    await expect
      .poll(() => backend.check(signal).then(() => "well"), { timeout: 10_000 })
      .toBe("well");
    expect((await backend.chat(hello, call)).response).toBe("hello");
  });

  test("a port where nobody listens is lost", async () => {
    const core = await startHttpCore("x");
    await core[Symbol.asyncDispose]();
    await using backend = await openAuto(core.url);
    expect(reasonOf(await faultOf(backend.check(signal)))).toBe("BACKEND_LOST");
  });

  test("whoever waits for one that says nothing can leave", async () => {
    await using server = createTcpServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    const port = typeof address === "object" ? address?.port : 0;
    await using backend = await openAuto(`http://127.0.0.1:${port}`);
    const caller = new AbortController();
    const pending = backend.chat(hello, { ...call, signal: caller.signal });
    caller.abort(new DOMException("gone", "AbortError"));
    await expect(pending).rejects.toThrow("gone");
  });
});

describe("what counts", () => {
  const lost = fault("BACKEND_LOST", "the core cannot be reached");
  /** What is answered in one language: a value, a failure, or nothing at all. */
  type Said<T> = { readonly value: T } | "lost" | "silence";
  const told = <T>(said: Said<T>): Promise<T> => {
    if (said === "silence") return new Promise(() => {});
    return said === "lost" ? Promise.reject(lost) : Promise.resolve(said.value);
  };

  /** A core that answers each language as told, and says by which it was called. */
  function coreOf(grpc: Said<boolean | undefined>, http: Said<number>) {
    const clock = createManualClock();
    const speaking = (language: string): ChatBackend => ({
      chat: async () => create(ChatResponseSchema, { response: language }),
      async *streamChat() {},
      listModels: async () => [],
      check: async () => {},
      async [Symbol.asyncDispose]() {},
    });
    let asked = 0;
    const languages: CoreLanguages = {
      grpc: {
        ...speaking("gRPC"),
        serves(over) {
          asked += 1;
          return abortable(told(grpc), over);
        },
      },
      http: { ...speaking("HTTP"), probe: (over) => abortable(told(http), over) },
    };
    return { core: new RecognisedCore(languages, clock), clock, asked: () => asked };
  }

  const serves = { value: true };
  const unimplemented = { value: undefined };
  test.each<[string, Said<boolean | undefined>, Said<number>, string]>([
    ["a core that serves", serves, { value: 200 }, "gRPC"],
    ["a core that does not serve now", { value: false }, { value: 200 }, "gRPC"],
    ["a core without the health service", unimplemented, "lost", "gRPC"],
    ["one that answers HTTP with 404, too", unimplemented, { value: 404 }, "gRPC"],
    ["a web server that speaks HTTP/2", unimplemented, { value: 200 }, "HTTP"],
    ["a server of HTTP/1.1", "lost", { value: 503 }, "HTTP"],
    ["gRPC, while HTTP is silent", serves, "silence", "gRPC"],
  ])("%s", async (_name, grpc, http, language) => {
    await using core = coreOf(grpc, http).core;
    expect((await core.chat(hello, call)).response).toBe(language);
  });

  test("a server of HTTP that is silent to gRPC is waited for half a second", async () => {
    const { core, clock } = coreOf("silence", { value: 200 });
    await using _ = core;
    const chat = core.chat(hello, call);
    await clock.untilSleeping(2);
    let isOver = false;
    void chat.then(() => {
      isOver = true;
    });
    await clock.advance(499);
    expect(isOver).toBe(false);
    await clock.advance(1);
    expect((await chat).response).toBe("HTTP");
  });

  test("one that says nothing is given up after five seconds, for all who wait", async () => {
    const { core, clock, asked } = coreOf("silence", "silence");
    await using _ = core;
    const waiting = [core.check(signal), core.chat(hello, call)].map(faultOf);
    await clock.untilSleeping(1);
    await clock.advance(5_000);
    const reasons = (await Promise.all(waiting)).map(reasonOf);
    expect([reasons, asked()]).toEqual([["BACKEND_TIMEOUT", "BACKEND_TIMEOUT"], 1]);
  });

  test("neither is the connection's failure", async () => {
    await using core = coreOf("lost", "lost").core;
    expect(reasonOf(await faultOf(core.check(signal)))).toBe("BACKEND_LOST");
  });
});
