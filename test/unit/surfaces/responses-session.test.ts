/** The bounds of one WebSocket of Responses: turns that wait, their bytes, and its time. */

import { expect, test } from "vitest";
import { ByteBudget } from "#core/byte-budget.ts";
import { onAbort } from "#core/on-abort.ts";
import type { CallPath } from "#rpc/call.ts";
import { type LlmChat, llmEndpointOf } from "#surfaces/llm-paths.ts";
import { ResponsesSession } from "#surfaces/responses-session.ts";
import type { WebSocketConnection } from "#websocket/connection.ts";
import { createManualClock } from "../../support/manual-clock.ts";

const mebibyte = 1024 * 1024;

/** Rejects when the signal aborts, or has. */
function untilAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => void onAbort(signal, reject));
}

/** A session whose turns never end until its client leaves, and what was read of its client's texts. */
function open({
  texts,
  bodyBytesMax = mebibyte,
  waitingBytesMax = 64 * mebibyte,
}: {
  texts: readonly string[];
  bodyBytesMax?: number;
  waitingBytesMax?: number;
}) {
  const clock = createManualClock();
  const left = new AbortController();
  const sent: string[] = [];
  const closes: (readonly [code: number, reason: string])[] = [];
  let read = 0;
  const leave = () => left.abort(new Error("gone"));
  const connection = {
    signal: left.signal,
    async *texts() {
      for (const text of texts) {
        left.signal.throwIfAborted();
        read += 1;
        yield text;
      }
      await untilAborted(left.signal);
    },
    async send(text: string) {
      sent.push(text);
    },
    async close(code: number, reason: string) {
      closes.push([code, reason]);
      leave();
    },
  } as unknown as WebSocketConnection;
  const calls = {
    admit: (_method: unknown, { signal }: { signal: AbortSignal }) => untilAborted(signal),
    failed: async (_method: unknown, _call: unknown, thrown: unknown) => thrown,
  } as unknown as CallPath;
  const waiting = new ByteBudget(waitingBytesMax);
  const session = new ResponsesSession(connection, {
    calls,
    clock,
    endpoint: llmEndpointOf("/v1/responses", {
      hasAnthropicVersion: false,
      hasGoogleKey: false,
    }) as LlmChat,
    sourceOf: (signal) => ({
      ...{ method: "GET", target: "/v1/responses", authority: "a", signal },
      peer: { address: "127.0.0.1", port: 1, encrypted: false } as never,
      onGone: () => {},
      header: () => undefined,
      headers: () => [],
    }),
    record: { requestId: "req", endpoint: "/v1/responses" } as never,
    bodyBytesMax,
    kept: new ByteBudget(mebibyte),
    waiting,
    readsText: false,
  });
  const ended = session.run();
  return { clock, session, ended, leave, sent, closes, waiting, read: () => read };
}

const create = (more: object = {}) =>
  JSON.stringify({ type: "response.create", model: "m", input: "Hi", ...more });
/** Lets all that can go on do so. */
const settled = () => new Promise((resolve) => setTimeout(resolve, 20));

test("thirty-two turns run or wait; what comes after them is not read", async () => {
  const texts = Array.from({ length: 40 }, (_, lane) => create({ stream_id: `l${lane % 8}` }));
  const { read, leave, ended, waiting } = open({ texts });
  await settled();
  // The one more waits for a place.
  expect(read()).toBe(33);
  leave();
  await ended;
  expect(waiting.heldBytes).toBe(0);
});

test("turns that wait hold no more bytes than one request may have; one alone may have them all", async () => {
  const text = create({ instructions: "x".repeat(600) });
  const { read, leave, ended } = open({ texts: [text, text, text], bodyBytesMax: 1_000 });
  await settled();
  expect(read()).toBe(2);
  leave();
  await ended;
});

test("connections together hold no more than they may: who comes too late is told so", async () => {
  const text = create();
  const { sent, leave, ended } = open({ texts: [text], waitingBytesMax: text.length - 1 });
  await settled();
  expect(sent.map((one) => JSON.parse(one))).toMatchObject([{ type: "error", status: 503 }]);
  leave();
  await ended;
});

test("after an hour a connection that waits is told so, and closed", async () => {
  const { clock, sent, closes, ended } = open({ texts: [] });
  await clock.untilSleeping(1);
  await clock.advance(60 * 60 * 1000 - 1);
  expect(closes).toEqual([]);
  await clock.advance(1);
  await ended;
  expect(sent.map((one) => JSON.parse(one))).toMatchObject([
    { type: "error", status: 400, error: { code: "websocket_connection_limit_reached" } },
  ]);
  expect(closes).toEqual([[1001, "websocket_connection_limit_reached"]]);
});

test("after an hour one that is busy is closed with the end of its last turn", async () => {
  const { clock, closes, leave, ended } = open({ texts: [create()] });
  await settled();
  await clock.advance(60 * 60 * 1000);
  expect(closes).toEqual([]);
  leave();
  await ended;
});
