/** What a provider's reply is sent as: its own bytes, between which nothing of ours may come but between two events. */

import { create } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { RelayResponseSchema } from "#gen/polygate/v1/relay_pb.js";
import { OperationSending } from "#surfaces/llm-operation.ts";
import { MemoryExchange } from "../../support/memory-exchange.ts";

const ping = ": keep-alive\n\n";

function setUp() {
  const exchange = new MemoryExchange({
    method: "POST",
    target: "/v1/audio/speech",
    httpVersion: "2",
    headers: {},
  });
  const sending = new OperationSending(exchange, () => [["x-own", "1"]]);
  /** A piece of the reply, and then a heartbeat. */
  const pass = async (type: string, data: string) => {
    const headers = { "content-type": type };
    await sending.pass(
      create(RelayResponseSchema, { status: 200, headers, data: Buffer.from(data) }),
    );
    await sending.send(ping);
  };
  return { exchange, sending, pass };
}

test.each([["\n"], ["\r\n"]])("a heartbeat comes between two events alone: %j", async (line) => {
  const { exchange, sending, pass } = setUp();
  await sending.send(ping);
  expect([exchange.started, exchange.text]).toEqual([false, ""]);
  const type = "text/event-stream; charset=utf-8";
  await pass(type, "data: o");
  await pass(type, `ne${line}`);
  await pass(type, line);
  await pass(type, `data: two${line}${line}`);
  await pass(type, `data: three${line}`);
  sending.end();
  const between = `data: one${line}${line}${ping}data: two${line}${line}${ping}data: three${line}`;
  expect(exchange.text).toBe(between);
});

test.each(["audio/mpeg", "application/json", ""])(
  "a heartbeat is never part of %j",
  async (type) => {
    const { exchange, sending, pass } = setUp();
    await pass(type, "one\n\n");
    await pass(type, "two\n\n");
    sending.end();
    expect(exchange.text).toBe("one\n\ntwo\n\n");
    expect(exchange.answerHeaders).toContainEqual(["x-own", "1"]);
  },
);

test("a reply that is whole in its first piece is sent with its length, once", async () => {
  const { exchange, sending } = setUp();
  const headers = { "content-type": "application/json", "content-length": "2" };
  await sending.pass(
    create(RelayResponseSchema, { status: 201, headers, data: Buffer.from("{}") }),
  );
  sending.end();
  expect([exchange.status, exchange.text, exchange.ended]).toEqual([201, "{}", true]);
});
