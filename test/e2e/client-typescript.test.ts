/** The client for TypeScript against a gateway: as source, and packed in an empty folder. */

import { execFile } from "node:child_process";
import { resolve } from "node:path";
import { promisify } from "node:util";
import { Code } from "@connectrpc/connect";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { pauseMs } from "../../clients/typescript/src/call-policy.ts";
import { failureOf } from "../../clients/typescript/src/failure.ts";
import { connect as connectNode } from "../../clients/typescript/src/node.ts";
import { connect as connectWeb } from "../../clients/typescript/src/web.ts";
import {
  type ClientGateway,
  gatewayKey,
  onceKey,
  runReadme,
  startClientGateway,
} from "../support/client-gateway.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const run = promisify(execFile);
let gateway: ClientGateway;

beforeAll(async () => {
  gateway = await startClientGateway();
});

afterAll(() => gateway[Symbol.asyncDispose]());

/** What a call rejects with. */
async function failed(call: Promise<unknown>) {
  return failureOf(
    await call.then(
      () => undefined,
      (error: unknown) => error,
    ),
  );
}

describe.each([
  { name: "from Node, by gRPC", connect: connectNode },
  { name: "from a browser, by Connect", connect: connectWeb },
])("$name", ({ connect }) => {
  const connected = (apiKey: string = gatewayKey) => connect({ baseUrl: gateway.url, apiKey });

  test("chats, whole and as a stream", async () => {
    const { chat } = connected();
    const { response } = await chat.chat({ message: "hello" });
    expect(response).toBe("Hello there");
    let text = "";
    for await (const { delta } of chat.streamChat({ message: "hello" })) text += delta;
    expect(text).toBe("Hello there");
  });

  test("a deadline ends the call, here and at the provider", async () => {
    const { chat } = connected();
    const slow = { message: "hello", modelPreference: "slow" };
    const failure = await failed(chat.chat(slow, { timeoutMs: 300 }));
    expect(failure.code).toBe(Code.DeadlineExceeded);
    await vi.waitFor(() => expect(gateway.open()).toBe(0));
  });

  test("a stream that nobody waits for ends at the provider", async () => {
    const { chat } = connected();
    const leave = new AbortController();
    const slow = { message: "hello", modelPreference: "slow" };
    const next = chat.streamChat(slow, { signal: leave.signal })[Symbol.asyncIterator]().next();
    await vi.waitFor(() => expect(gateway.open()).toBe(1));
    leave.abort();
    expect((await failed(next)).code).toBe(Code.Canceled);
    await vi.waitFor(() => expect(gateway.open()).toBe(0));
  });

  test("an error names its reason, the request's id and the fields at fault", async () => {
    const wrong = await failed(connected("another-key").chat.chat({ message: "hello" }));
    expect(wrong).toMatchObject({ code: Code.Unauthenticated, reason: "CREDENTIAL_INVALID" });
    expect(wrong.requestId).not.toBe("");
    const invalid = await failed(connected().chat.chat({ message: "hello", maxTokens: -1 }));
    expect(invalid).toMatchObject({ reason: "REQUEST_INVALID", fields: [{ field: "max_tokens" }] });
  });

  test("while no endpoint answers, a call and a stream are tried three times, or as often as asked", async () => {
    const down = { message: "hello", modelPreference: "down" };
    const before = gateway.triesOfDown();
    expect((await failed(connected().chat.chat(down))).code).toBe(Code.Unavailable);
    expect(gateway.triesOfDown() - before).toBe(3);
    const stream = connected().chat.streamChat(down)[Symbol.asyncIterator]();
    expect((await failed(stream.next())).code).toBe(Code.Unavailable);
    expect(gateway.triesOfDown() - before).toBe(6);
    const once = connect({ baseUrl: gateway.url, apiKey: gatewayKey, attemptsMax: 1 });
    await failed(once.chat.chat(down));
    expect(gateway.triesOfDown() - before).toBe(7);
  });
});

test("a limit tells when to come back, and is not pushed against", async () => {
  const { chat } = connectNode({ baseUrl: gateway.url, apiKey: onceKey });
  await chat.chat({ message: "hello" });
  const limited = await failed(chat.chat({ message: "hello" }));
  expect(limited).toMatchObject({ code: Code.ResourceExhausted, reason: "RATE_LIMITED" });
  expect(limited.retryAfterMs).toBeGreaterThan(1_000);
});

test("a gateway that is not there is a failure without a reason", async () => {
  const { chat } = connectNode({ baseUrl: "http://127.0.0.1:1", attemptsMax: 1 });
  const failure = await failed(chat.chat({ message: "hello" }));
  expect(failure).toMatchObject({ code: Code.Unavailable, reason: "", requestId: "" });
});

test.each([
  { name: "the first pause is short", tries: 1, retryAfterMs: 0, chance: 1, ms: 200 },
  { name: "the bound doubles", tries: 2, retryAfterMs: 0, chance: 1, ms: 400 },
  { name: "and stays at 5 s", tries: 20, retryAfterMs: 0, chance: 1, ms: 5_000 },
  { name: "chance chooses below it", tries: 2, retryAfterMs: 0, chance: 0.25, ms: 100 },
  { name: "the gateway's wish is the least", tries: 1, retryAfterMs: 900, chance: 1, ms: 900 },
])("pauses: $name", ({ tries, retryAfterMs, chance, ms }) => {
  expect(pauseMs(tries, retryAfterMs, chance)).toBe(ms);
});

test("packed, in an empty folder, the README's commands work as they stand", async () => {
  await using folder = await temporaryFolder();
  const pack = ["pack", "--silent", "--pack-destination", folder.path];
  await run("npm", pack, { cwd: "clients/typescript" });
  const stdout = await runReadme("clients/typescript/README.md", folder, gateway);
  expect(stdout).toMatch(/^Hello there\nHello there\nREQUEST_INVALID \[/);
  const compile =
    "--noEmit --strict --module nodenext --target es2024 --lib es2024,dom --types node";
  const roots = ["--typeRoots", resolve("node_modules/@types"), "example.ts"];
  const tsc = resolve("node_modules/.bin/tsc");
  const types = await run(tsc, [...compile.split(" "), ...roots], { cwd: folder.path });
  expect(types.stdout).toBe("");
}, 60_000);
