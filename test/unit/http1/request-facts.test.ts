import { describe, expect, test } from "vitest";
import { FieldNames } from "#http1/field-name.ts";
import { defaultLimits } from "#http1/limits.ts";
import { inChunks, RequestFacts } from "#http1/request-facts.ts";
import { RequestHead } from "#http1/request-head.ts";

const reading = { limits: defaultLimits, names: new FieldNames() };

function factsOf(fields: string, line = "POST / HTTP/1.1", host = "host: a\r\n") {
  const bytes = Buffer.from(`${line}\r\n${host}${fields}\r\n`, "latin1");
  const head = new RequestHead(bytes, 0);
  expect(head.read(reading)).toBe(bytes.length);
  const facts = new RequestFacts();
  return { refusal: facts.read(head), facts };
}

describe("a body", () => {
  const rows = [
    { name: "is none without a field that tells of one", fields: "", bodyBytes: 0 },
    { name: "has a length", fields: "content-length: 12\r\n", bodyBytes: 12 },
    { name: "has a length with zeros", fields: "content-length: 0012\r\n", bodyBytes: 12 },
    {
      name: "has a length with tabs around it",
      fields: "content-length:\t12 \t\r\n",
      bodyBytes: 12,
    },
    { name: "comes in chunks", fields: "Transfer-Encoding: Chunked\r\n", bodyBytes: inChunks },
  ];
  test.each(rows)("$name", ({ fields, bodyBytes }) => {
    const { refusal, facts } = factsOf(fields);
    expect([refusal, facts.bodyBytes]).toEqual([undefined, bodyBytes]);
  });
});

describe("smuggling: refused is", () => {
  const chunked = "transfer-encoding: chunked\r\n";
  const rows = [
    { name: "CL.TE", fields: `content-length: 6\r\n${chunked}` },
    { name: "TE.CL", fields: `${chunked}content-length: 6\r\n` },
    { name: "TE.TE, once obfuscated", fields: `${chunked}transfer-encoding: x\r\n` },
    { name: "TE.TE, twice the same", fields: chunked + chunked },
    { name: "two codings in one field", fields: "transfer-encoding: chunked, chunked\r\n" },
    { name: "a coding in two fields", fields: `transfer-encoding: gzip\r\n${chunked}` },
    { name: "no coding beside another", fields: "transfer-encoding: a b, gzip, chunked\r\n" },
    { name: "no coding before chunked", fields: "transfer-encoding: , chunked\r\n" },
    {
      name: "chunked with a parameter, and chunked",
      fields: "transfer-encoding: chunked;a, chunked\r\n",
    },
    {
      name: "another coding on HTTP/1.0",
      fields: "transfer-encoding: gzip, chunked\r\n",
      line: "POST / HTTP/1.0",
    },
    {
      name: "another coding beside a length",
      fields: "transfer-encoding: gzip, chunked\r\ncontent-length: 3\r\n",
    },
    { name: "chunked before another coding", fields: "transfer-encoding: chunked, gzip\r\n" },
    { name: "identity", fields: "transfer-encoding: identity\r\n" },
    { name: "an empty coding", fields: "transfer-encoding:\r\n" },
    { name: "a coding with a parameter", fields: "transfer-encoding: chunked;q=1\r\n" },
    { name: "a coding in quotes", fields: 'transfer-encoding: "chunked"\r\n' },
    { name: "xchunked", fields: "transfer-encoding: xchunked\r\n" },
    { name: "a coding with a no-break space", fields: "transfer-encoding: \xa0chunked\r\n" },
    { name: "chunks on HTTP/1.0", fields: chunked, line: "POST / HTTP/1.0" },
    { name: "two lengths", fields: "content-length: 3\r\ncontent-length: 4\r\n" },
    { name: "two equal lengths", fields: "content-length: 3\r\ncontent-length: 3\r\n" },
    { name: "a list of lengths", fields: "content-length: 3, 3\r\n" },
    { name: "an empty length", fields: "content-length:\r\n" },
    { name: "a length with a sign", fields: "content-length: +3\r\n" },
    { name: "a length below nothing", fields: "content-length: -1\r\n" },
    { name: "a hexadecimal length", fields: "content-length: 0x3\r\n" },
    { name: "a length with a fraction", fields: "content-length: 3.0\r\n" },
    { name: "a length with an exponent", fields: "content-length: 1e3\r\n" },
    { name: "a length with a blank", fields: "content-length: 1 3\r\n" },
    { name: "a length of other digits", fields: "content-length: \xb2\r\n" },
    { name: "a length past counting", fields: "content-length: 9007199254740993\r\n" },
    { name: "no host", fields: "", host: "" },
    { name: "two hosts", fields: "host: a\r\n" },
    { name: "two hosts on HTTP/1.0", fields: "host: b\r\n", line: "POST / HTTP/1.0" },
    { name: "a host with a user", fields: "", host: "host: u@a\r\n" },
    { name: "a host with a path", fields: "", host: "host: a/b\r\n" },
    { name: "a host with a blank", fields: "", host: "host: a b\r\n" },
    { name: "a list of hosts", fields: "", host: "host: a,b\r\n" },
    {
      name: "an odd host behind the absolute form",
      fields: "",
      line: "GET http://a/ HTTP/1.1",
      host: "host: b/c\r\n",
    },
  ];
  test.each(rows)("$name", ({ fields, line, host }) => {
    expect(factsOf(fields, line, host).refusal?.status).toBe(400);
  });
});

test.each(["gzip, chunked", "x;a=b , deflate, Chunked"])(
  "a coding of others beneath chunks is not implemented: %j",
  (codings) => {
    expect(factsOf(`transfer-encoding: ${codings}\r\n`).refusal?.status).toBe(501);
  },
);

describe("the host", () => {
  const rows = [
    { name: "is the field's", host: "host: a:80\r\n", authority: "a:80" },
    { name: "may be empty", host: "host:\r\n", authority: "" },
    { name: "is the target's before the field's", line: "GET http://b/ HTTP/1.1", authority: "b" },
    { name: "may be missing on HTTP/1.0", line: "GET / HTTP/1.0", host: "", authority: "" },
  ];
  test.each(rows)("$name", ({ line, host, authority }) => {
    const { refusal, facts } = factsOf("", line, host);
    expect([refusal, facts.authority]).toEqual([undefined, authority]);
  });
});

describe("the connection", () => {
  const old = "GET / HTTP/1.0";
  const rows = [
    { name: "is kept", fields: "", persists: true },
    {
      name: "is closed when the client says so",
      fields: "connection: x, Close\r\n",
      persists: false,
    },
    { name: "is closed on HTTP/1.0", fields: "", line: old, persists: false },
    {
      name: "is kept on HTTP/1.0 when asked",
      fields: "connection: Keep-Alive\r\n",
      line: old,
      persists: true,
    },
    {
      name: "is closed when both are said",
      fields: "connection: keep-alive\r\nconnection: close\r\n",
      persists: false,
    },
  ];
  test.each(rows)("$name", ({ fields, line, persists }) => {
    expect(factsOf(fields, line).facts.persists).toBe(persists);
  });

  test("is offered to another protocol by both fields together, on HTTP/1.1", () => {
    const both = "connection: Upgrade\r\nupgrade: WebSocket\r\n";
    expect(factsOf(both).facts.upgrade).toBe("websocket");
    expect(factsOf("upgrade: websocket\r\n").facts.upgrade).toBeUndefined();
    expect(factsOf(both, old).facts.upgrade).toBeUndefined();
  });

  test.each([
    "connection: \xa0upgrade\r\nupgrade: websocket\r\n",
    "connection: upgrade\xa0\r\nupgrade: websocket\r\n",
    "connection: upgrade\r\nupgrade: h2c\r\nupgrade: websocket\r\n",
  ])("is not offered where somebody before us may have read it otherwise: %j", (fields) => {
    expect(factsOf(fields).facts.upgrade).toBeUndefined();
  });
});

describe("an expectation", () => {
  const rows = [
    {
      name: "of 100 is heard",
      fields: "expect: 100-Continue\r\n",
      expects: true,
      status: undefined,
    },
    { name: "of anything else gets 417", fields: "expect: tea\r\n", expects: false, status: 417 },
    {
      name: "said twice gets 417",
      fields: "expect: 100-continue\r\nexpect: 100-continue\r\n",
      expects: false,
      status: 417,
    },
    {
      name: "means nothing on HTTP/1.0",
      fields: "expect: tea\r\n",
      line: "GET / HTTP/1.0",
      expects: false,
      status: undefined,
    },
  ];
  test.each(rows)("$name", ({ fields, line, expects, status }) => {
    const { refusal, facts } = factsOf(fields, line);
    expect([facts.expectsContinue, refusal?.status]).toEqual([expects, status]);
  });
});
