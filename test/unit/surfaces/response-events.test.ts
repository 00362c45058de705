/** What is read of a response's events: each as a text, and what the next turn goes on from. */

import { expect, test } from "vitest";
import { ResponseEvents, withMembers } from "#surfaces/response-events.ts";

const sse = (event: object, isNamed = true) => {
  const { type } = event as { type: string };
  return `${isNamed ? `event: ${type}\n` : ""}data: ${JSON.stringify(event)}\n\n`;
};
const done = (item: object) => ({ type: "response.output_item.done", item });
const completed = { type: "response.completed", response: { id: "r1", output: [] } };
const message = {
  type: "message",
  id: "m1",
  status: "completed",
  role: "assistant",
  content: [{ type: "output_text", text: "A" }],
};

test.each([true, false])("events come one by one, however they were cut; named: %s", (isNamed) => {
  const text = sse(done(message), isNamed) + sse(completed, isNamed);
  for (let cut = 0; cut <= text.length; cut += 1) {
    const events = new ResponseEvents(1_000);
    const read = [...events.read(text.slice(0, cut)), ...events.read(Buffer.from(text.slice(cut)))];
    expect(read.map((one) => JSON.parse(one))).toEqual([done(message), completed]);
    const { id, status, ...said } = message;
    expect(events.kept).toEqual({ id: "r1", items: JSON.stringify(said) });
  }
});

test("comments and last words of other dialects are no events", () => {
  const events = new ResponseEvents(1_000);
  expect(events.read(": keep-alive\n\ndata: [DONE]\n\n")).toEqual([]);
});

test("identifiers go, and thoughts that cannot be told again; steps of a provider stay as they are", () => {
  const events = new ResponseEvents(1_000);
  const search = { type: "web_search_call", id: "ws1", status: "completed" };
  events.read(
    [
      done({ type: "reasoning", id: "rs1", summary: [] }),
      done({ type: "reasoning", id: "rs2", summary: [], encrypted_content: "sealed" }),
      done(search),
      done({
        type: "function_call",
        id: "fc1",
        status: "completed",
        call_id: "c1",
        name: "w",
        arguments: "{}",
      }),
      completed,
    ]
      .map((event) => sse(event))
      .join(""),
  );
  expect(JSON.parse(`[${events.kept?.items}]`)).toEqual([
    { type: "reasoning", summary: [], encrypted_content: "sealed" },
    search,
    { type: "function_call", call_id: "c1", name: "w", arguments: "{}" },
  ]);
});

test("one that was cut short by a bound can be gone on from; one that failed cannot", () => {
  const cut = new ResponseEvents(1_000);
  cut.read(sse({ type: "response.incomplete", response: { id: "r1" } }));
  expect(cut.kept).toEqual({ id: "r1", items: "" });
  const failed = new ResponseEvents(1_000);
  failed.read(sse({ type: "response.failed", response: { id: "r1" } }));
  expect(failed.kept).toBeUndefined();
});

test("more items than may be kept are none", () => {
  const { id, status, ...said } = message;
  const bytes = JSON.stringify(said).length;
  const exact = new ResponseEvents(2 * bytes + 1);
  exact.read(sse(done(message)) + sse(done(message)) + sse(completed));
  expect(exact.kept?.items.length).toBe(2 * bytes + 1);
  const less = new ResponseEvents(2 * bytes);
  less.read(sse(done(message)) + sse(done(message)) + sse(completed));
  expect(less.kept).toBeUndefined();
});

test("members are added to any object", () => {
  expect(withMembers('{"a":1}', { b: "x" })).toBe('{"b":"x","a":1}');
  expect(JSON.parse(withMembers("{ }", { b: "x" }))).toEqual({ b: "x" });
  expect(withMembers('{"a":1}', {})).toBe('{"a":1}');
});
