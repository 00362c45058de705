import { Code, ConnectError } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { refuse, refuseUnknown } from "#rpc/refusal.ts";
import { MemoryExchange } from "../../support/memory-exchange.ts";

const unknown = new ConnectError("no such method", Code.Unimplemented);

function refused(headers: Record<string, string>) {
  const exchange = new MemoryExchange({ method: "POST", target: "/no.such/Method", headers });
  return { exchange, isAnswered: refuseUnknown(exchange, unknown) };
}

test.each(["application/grpc", "application/grpc-web-text", "application/grpc+thrift"])(
  "%s: the status is in the head of the answer, as a path's lack of a method is told",
  (contentType) => {
    const { exchange, isAnswered } = refused({ "content-type": contentType });
    expect([isAnswered, exchange.status]).toEqual([true, 200]);
    expect(exchange.answerHeaders).toEqual([
      ["content-type", contentType],
      ["grpc-status", "12"],
      ["grpc-message", "no such method"],
    ]);
  },
);

test.each([
  { "content-type": "application/proto" },
  { "content-type": "application/connect+json" },
  { "content-type": "application/json", "connect-protocol-version": "1" },
])("Connect's clients get 404 with Connect's error: %j", (headers) => {
  const { exchange, isAnswered } = refused(headers);
  expect([isAnswered, exchange.status]).toEqual([true, 404]);
  expect(exchange.answerHeaders).toEqual([["content-type", "application/json"]]);
  expect(JSON.parse(exchange.text)).toEqual({ code: "unimplemented", message: "no such method" });
});

test.each([{}, { "content-type": "application/json" }, { "content-type": "text/html" }])(
  "whoever speaks no RPC protocol is left to others: %j",
  (headers) => {
    const { exchange, isAnswered } = refused(headers);
    expect([isAnswered, exchange.started]).toEqual([false, false]);
  },
);

test("a request that is no call of its procedure gets a text for people, with the fields of its refusal", () => {
  const exchange = new MemoryExchange({ method: "PUT", target: "/a.B/C", headers: {} });
  refuse(exchange, { status: 405, text: "POST it", headers: [["allow", "POST"]] });
  expect([exchange.status, exchange.text]).toEqual([405, "POST it\n"]);
  expect(exchange.answerHeaders).toEqual([
    ["content-type", "text/plain; charset=utf-8"],
    ["allow", "POST"],
  ]);
});
