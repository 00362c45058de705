import { expect, test } from "vitest";
import { Field } from "#http2/field.ts";
import { MessageHead, type MessagePart } from "#http2/message-head.ts";

const get = [":method", "GET"] as const;
const http = [":scheme", "http"] as const;
const root = [":path", "/"] as const;
const host = [":authority", "a.example"] as const;
const ok = [":status", "200"] as const;

type Row = {
  readonly name: string;
  readonly part: MessagePart;
  readonly list: readonly (readonly [string, string])[];
  readonly fine: boolean;
};

const rows: readonly Row[] = [
  {
    name: "a request has method, scheme and path",
    part: "request",
    list: [get, http, root],
    fine: true,
  },
  {
    name: "a request without method is malformed",
    part: "request",
    list: [http, root],
    fine: false,
  },
  {
    name: "a request without scheme is malformed",
    part: "request",
    list: [get, root],
    fine: false,
  },
  { name: "a request without path is malformed", part: "request", list: [get, http], fine: false },
  {
    name: "a request with a status is malformed",
    part: "request",
    list: [get, http, root, ok],
    fine: false,
  },
  {
    name: "a pseudo field twice is malformed",
    part: "request",
    list: [get, get, http, root],
    fine: false,
  },
  {
    name: "a pseudo field behind others is malformed",
    part: "request",
    list: [get, http, ["x", "y"], root],
    fine: false,
  },
  {
    name: "a field that breaks a rule alone makes its message malformed",
    part: "request",
    list: [get, http, root, ["X", "y"]],
    fine: false,
  },
  {
    name: "a star is a path for OPTIONS",
    part: "request",
    list: [[":method", "OPTIONS"], http, [":path", "*"]],
    fine: true,
  },
  {
    name: "a star is no path for GET",
    part: "request",
    list: [get, http, [":path", "*"]],
    fine: false,
  },
  {
    name: "CONNECT has an authority alone",
    part: "request",
    list: [[":method", "CONNECT"], host],
    fine: true,
  },
  {
    name: "CONNECT with a path is malformed",
    part: "request",
    list: [[":method", "CONNECT"], host, root],
    fine: false,
  },
  {
    name: "CONNECT without authority is malformed",
    part: "request",
    list: [[":method", "CONNECT"]],
    fine: false,
  },
  {
    name: "extended CONNECT has scheme, path and authority",
    part: "request",
    list: [[":method", "CONNECT"], [":protocol", "websocket"], http, root, host],
    fine: true,
  },
  {
    name: "a protocol without CONNECT is malformed",
    part: "request",
    list: [get, [":protocol", "websocket"], http, root, host],
    fine: false,
  },
  {
    name: "host may repeat the authority",
    part: "request",
    list: [get, http, root, host, ["host", "A.example"]],
    fine: true,
  },
  {
    name: "host may not disagree with the authority",
    part: "request",
    list: [get, http, root, host, ["host", "b.example"]],
    fine: false,
  },
  {
    name: "host comes once",
    part: "request",
    list: [get, http, root, ["host", "a"], ["host", "a"]],
    fine: false,
  },
  {
    name: "content-length may repeat itself",
    part: "request",
    list: [get, http, root, ["content-length", "1"], ["content-length", "1"]],
    fine: true,
  },
  {
    name: "content-length may not contradict itself",
    part: "request",
    list: [get, http, root, ["content-length", "1"], ["content-length", "2"]],
    fine: false,
  },
  { name: "a response has a status", part: "response", list: [ok, ["x", "y"]], fine: true },
  {
    name: "a response without status is malformed",
    part: "response",
    list: [["x", "y"]],
    fine: false,
  },
  { name: "a response with a path is malformed", part: "response", list: [ok, root], fine: false },
  { name: "there is no 101 in HTTP/2", part: "response", list: [[":status", "101"]], fine: false },
  { name: "trailers are fields", part: "trailers", list: [["grpc-status", "0"]], fine: true },
  { name: "trailers have no pseudo fields", part: "trailers", list: [ok], fine: false },
];

for (const { name, part, list, fine } of rows) {
  test(name, () => {
    const fields = list.map(([field, value]) => new Field(field, value));
    expect(new MessageHead().read(fields, part)).toBe(fine);
  });
}

test("a head is taken apart, and nothing of the one before is left", () => {
  const head = new MessageHead();
  const read = (list: readonly (readonly [string, string])[]) =>
    head.read(
      list.map(([name, value]) => new Field(name, value)),
      "request",
    );
  expect(read([get, http, root, host, ["content-length", "7"], ["x", "y"]])).toBe(true);
  expect(head).toMatchObject({ method: "GET", scheme: "http", authority: "a.example", path: "/" });
  expect(head.contentLength).toBe(7);
  expect(head.fields.map(({ name }) => name)).toEqual(["content-length", "x"]);
  expect(read([get, http, root, ["host", "b"]])).toBe(true);
  expect(head).toMatchObject({ authority: "b", contentLength: -1 });
});
