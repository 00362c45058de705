/** Usage is read from replies as they pass, however they are cut, and never at the cost of holding a long one. */

import { expect, test } from "vitest";
import { usageTap } from "#dialects/relay/usage-tap.ts";

const chat = '{"usage":{"prompt_tokens":3,"completion_tokens":5,"total_tokens":8}}';
const audio = '{"usage":{"input_tokens":3,"output_tokens":5,"total_tokens":8}}';

function told(type: string | undefined, text: string, size = 3) {
  const tap = usageTap(type);
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += size) tap.push(bytes.subarray(at, at + size));
  return tap.usage()?.totalTokens;
}

test.each([
  ["application/json", chat, 8],
  ["application/json; charset=utf-8", audio, 8],
  ["text/event-stream", `data: ${chat}\n\ndata: [DONE]\n\n`, 8],
  ["text/event-stream; charset=utf-8", `data: {"usage":null}\r\n\r\ndata: ${audio}\r\n\r\n`, 8],
  ["application/json", '{"usage":', undefined],
  ["application/json", '["usage"]', undefined],
  ["text/event-stream", 'data: "usage" {\n\n', undefined],
  ["audio/mpeg", chat, undefined],
  [undefined, chat, undefined],
])("a reply of type %s that says %s tells of %s tokens", (type, text, tokens) => {
  for (const size of [1, 7, 1000]) expect(told(type, text, size)).toBe(tokens);
});

test("a reply or an event of more than 1 MiB goes uncounted", () => {
  const long = " ".repeat(1024 * 1024);
  expect(told("application/json", chat + long, 60_000)).toBeUndefined();
  expect(told("text/event-stream", `data: ${long}${chat}\n\n`, 60_000)).toBeUndefined();
  expect(told("text/event-stream", `data: ${chat}\n\n`.repeat(20_000), 60_000)).toBe(8);
});

test("events are counted as they pass, however they are cut; what comes whole has none", () => {
  const counted = (type: string, text: string) => {
    const tap = usageTap(type);
    for (const byte of Buffer.from(text)) tap.push(Uint8Array.of(byte));
    return tap.events();
  };
  expect(counted("text/event-stream", `data: {}\n\n: word\n\ndata: {}\n\ndata: [DO`)).toBe(2);
  expect([counted("application/json", chat), counted("audio/mpeg", chat)]).toEqual([0, 0]);
});
