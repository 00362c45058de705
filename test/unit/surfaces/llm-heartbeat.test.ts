/** Signs of life in silent streams: between whole events of a provider whose words are relayed, in each dialect's way. */

import { create } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { relayKey } from "#dialects/relay/relay.ts";
import { StreamChatResponseSchema } from "#gen/polygate/v1/chat_pb.js";
import { type ChatEvent, ChatEventSchema } from "#gen/polygate/v1/conversation_pb.js";
import type { CallRecord } from "#observability/call-record.ts";
import type { CallPath } from "#rpc/call.ts";
import type { CallInit } from "#rpc/call-scope.ts";
import { createLlmSurface } from "#surfaces/llm.ts";
import { createManualClock } from "../../support/manual-clock.ts";
import { MemoryExchange } from "../../support/memory-exchange.ts";

const heartbeatMs = 15_000;
const hi = { role: "user", content: "Hi" };
const keepAlive = ": keep-alive\n\n";

const rows = [
  [
    "chat completions",
    "/v1/chat/completions",
    { model: "m", stream: true, messages: [hi] },
    'data: {"choices":[{"index":0,"delta":{"content":"a"}}]}\n\n',
    keepAlive,
  ],
  [
    "Responses",
    "/v1/responses",
    { model: "m", stream: true, input: "Hi" },
    'event: response.output_text.delta\ndata: {"type":"response.output_text.delta"}\n\n',
    keepAlive,
  ],
  [
    "Anthropic",
    "/v1/messages",
    { model: "m", stream: true, max_tokens: 9, messages: [hi] },
    'event: content_block_delta\ndata: {"type":"content_block_delta"}\n\n',
    'event: ping\ndata: {"type": "ping"}\n\n',
  ],
  [
    "Gemini",
    "/v1beta/models/m:streamGenerateContent?alt=sse",
    { contents: [{ parts: [{ text: "Hi" }] }] },
    'data: {"candidates":[]}\n\n',
    keepAlive,
  ],
] as const;

/** A call whose provider says `words` in the client's dialect each time that it is told to. */
function relayedCalls(words: string, turns: readonly Promise<void>[]): CallPath {
  async function* messages({ values }: CallInit) {
    for (const turn of turns) {
      await turn;
      const event: ChatEvent = create(ChatEventSchema);
      values.get(relayKey)?.said(event, { bytes: Buffer.from(words) });
      // As made: a copy of the event would be another one, without words.
      yield Object.assign(create(StreamChatResponseSchema), { events: [event] });
    }
  }
  const calls: Pick<CallPath, "admit" | "stream" | "whileOpen"> = {
    admit: () => undefined,
    whileOpen: (work) => work,
    stream: (_method, _input, init, encode) => {
      const all = messages(init);
      return {
        header: new Headers(),
        trailer: new Headers(),
        messages: (async function* () {
          for await (const message of all) yield encode(message);
        })(),
        finish: () => {},
      };
    },
  };
  return calls as CallPath;
}

test.each(rows)(
  "%s: one for each period of silence, none where the provider speaks, and none behind the end",
  async (...row) => {
    const [, target, body, words, sign] = row;
    const clock = createManualClock();
    const turns = [0, 1, 2].map(() => Promise.withResolvers<void>());
    const surface = createLlmSurface({
      calls: relayedCalls(
        words,
        turns.map(({ promise }) => promise),
      ),
      clock,
      bodyBytesMax: 10_000,
      uploadBytesMax: 10_000,
      aheadBytesMax: 1_000,
      heartbeatMs,
      capturesBodies: false,
      serves: new Set(["openai", "anthropic", "gemini"]),
    });
    const chunks = [Buffer.from(JSON.stringify(body))];
    const exchange = new MemoryExchange({ method: "POST", target, chunks });
    const taken = surface.take(exchange, { requestId: "r1" } as CallRecord);
    await clock.untilSleeping(1);
    // Before the provider says anything, too: its client counts the silence from its own request.
    await clock.advance(heartbeatMs);
    expect(exchange.text).toBe(sign);
    turns[0]?.resolve();
    await clock.advance(heartbeatMs - 1);
    expect(exchange.text).toBe(sign + words);
    turns[1]?.resolve();
    // Words within the period: no silence, no sign.
    await clock.advance(1);
    expect(exchange.text).toBe(sign + words + words);
    await clock.advance(2 * heartbeatMs);
    expect(exchange.text).toBe(sign + words + words + sign + sign);
    turns[2]?.resolve();
    await taken;
    await clock.advance(10 * heartbeatMs);
    expect(exchange.text).toBe(sign + words + words + sign + sign + words);
    expect([exchange.ended, clock.sleeping()]).toEqual([true, 0]);
  },
);
