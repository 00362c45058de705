import { expect, test } from "vitest";
import { Field } from "#http2/field.ts";
import { FieldBuffer } from "#http2/field-buffer.ts";
import { MessageHead, type MessagePart } from "#http2/message-head.ts";

const get = [":method", "GET"] as const;
const http = [":scheme", "http"] as const;
const root = [":path", "/"] as const;
const host = [":authority", "a.example"] as const;
const ok = [":status", "200"] as const;

/** A list as a decoder leaves it. */
function listOf(pairs: readonly (readonly [string, string])[]): FieldBuffer {
  const list = new FieldBuffer();
  for (const [name, value] of pairs) list.add(new Field(name, value));
  return list;
}

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
    expect(new MessageHead().read(listOf(list), part)).toBe(fine);
  });
}

const flaws: readonly {
  readonly list: readonly (readonly [string, string])[];
  readonly flaw: string;
}[] = [
  { list: [http, root], flaw: ":method: it is missing" },
  { list: [get, root], flaw: ":scheme: it is missing" },
  { list: [get, http], flaw: ":path: it is missing" },
  { list: [get, http, root, [":status", "200"]], flaw: ":status: a field of responses" },
  { list: [get, http, root, [":status", "x"]], flaw: ":status: a field of responses" },
  { list: [get, http, root, root], flaw: "duplicate header :path" },
  { list: [get, http, root, ["host", "a"], ["host", "a"]], flaw: "duplicate header host" },
  {
    list: [get, http, ["x", "y"], root],
    flaw: ":path: pseudo-header fields stand before all others",
  },
  {
    list: [get, http, root, host, ["host", "b"]],
    flaw: "host: it names another authority than :authority",
  },
  { list: [get, http, [":path", "*"]], flaw: ':path: "*" is for OPTIONS' },
  {
    list: [get, http, [":path", "/a#b"]],
    flaw: ":path: a path is expected, in visible ASCII and without a fragment",
  },
  { list: [[":method", "G T"], http, root], flaw: ":method: a token is expected" },
  { list: [get, [":scheme", "h\ttp"], root], flaw: ":scheme: a scheme is expected" },
  {
    list: [get, http, root, [":authority", "u@a"]],
    flaw: ":authority: a host is expected, and perhaps a port",
  },
  {
    list: [get, http, root, ["host", "a/b"]],
    flaw: "host: a host is expected, and perhaps a port",
  },
  { list: [get, http, root, [":protocol", "websocket"]], flaw: ":protocol: a field of CONNECT" },
  { list: [get, http, root, [":protocol", ""]], flaw: ":protocol: a token is expected" },
  {
    list: [[":method", "CONNECT"], http, root, host],
    flaw: ":authority: CONNECT has one, and neither :scheme nor :path",
  },
  {
    list: [[":method", "CONNECT"], [":protocol", "websocket"], http, root],
    flaw: ":authority: it is missing",
  },
  { list: [get, http, root, ["te", "gzip"]], flaw: 'te: "trailers" is all that HTTP/2 knows' },
  {
    list: [get, http, root, ["transfer-encoding", "chunked"]],
    flaw: "transfer-encoding: a field of HTTP/1.1, which HTTP/2 forbids",
  },
  {
    list: [get, http, root, ["content-length", "1"], ["content-length", "2"]],
    flaw: "content-length: one number of bytes is expected",
  },
  {
    list: [get, http, root, ["content-length", "+1"]],
    flaw: "content-length: one number of bytes is expected",
  },
  {
    list: [get, http, root, [":secret", "x"]],
    flaw: ":secret: there is no such pseudo-header field",
  },
  {
    list: [get, http, root, [":s\r\n", "x"]],
    flaw: "a field of 4 characters: there is no such pseudo-header field",
  },
  {
    list: [get, http, root, ["X-Upper", "y"]],
    flaw: "the name of a field is no token in lower case",
  },
  {
    list: [get, http, root, ["x-key", "secret\0"]],
    flaw: "x-key: a value with control characters, or with a blank at an end",
  },
  {
    list: [get, http, root, ["n".repeat(64), " "]],
    flaw: `${"n".repeat(64)}: a value with control characters, or with a blank at an end`,
  },
  {
    list: [get, http, root, ["n".repeat(65), " "]],
    flaw: "a field of 65 characters: a value with control characters, or with a blank at an end",
  },
];

for (const { list, flaw } of flaws) {
  test(`a request is refused by the name of its field: ${flaw}`, () => {
    const head = new MessageHead();
    const isSound = head.read(listOf(list), "request");
    expect([isSound, head.flaw]).toEqual([false, flaw]);
  });
}

test("a head is taken apart, and nothing of the one before is left", () => {
  const head = new MessageHead();
  const read = (list: readonly (readonly [string, string])[]) => head.read(listOf(list), "request");
  expect(read([get, http, root, host, ["content-length", "7"], ["x", "y"]])).toBe(true);
  expect(head).toMatchObject({ method: "GET", scheme: "http", authority: "a.example", path: "/" });
  expect(head.contentLength).toBe(7);
  expect(head.fields.map(({ name }) => name)).toEqual(["content-length", "x"]);
  expect(read([get, http, root, ["host", "b"]])).toBe(true);
  expect(head).toMatchObject({ authority: "b", contentLength: -1 });
});

test("host and te are fields as well, wherever they stand, and only host names an authority", () => {
  const head = new MessageHead();
  const read = (part: MessagePart, ...list: (readonly [string, string])[]) =>
    head.read(listOf(list), part);
  const names = () => head.fields.map(({ name }) => name);
  expect(read("request", get, http, root, ["x", "y"], ["te", "trailers"], ["host", "b"])).toBe(
    true,
  );
  expect([head.authority, names()]).toEqual(["b", ["x", "te", "host"]]);
  expect(read("request", get, http, root, ["te", "trailers"])).toBe(true);
  expect([head.authority, names()]).toEqual(["", ["te"]]);
  expect(read("response", [":status", "204"])).toBe(true);
  expect([head.status, head.method]).toEqual([204, ""]);
});
