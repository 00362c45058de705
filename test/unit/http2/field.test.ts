import { describe, expect, test } from "vitest";
import { isFieldName, isFieldValue } from "#http/field-text.ts";
import { Field, requireSendable, requireSendableHead, requireStatus } from "#http2/field.ts";

const fields = [
  { name: "a lower-case token names a field", field: ["x-a_b.c~1", "v"], ok: true },
  { name: "an empty value is a value", field: ["x", ""], ok: true },
  {
    name: "octets above ASCII and inner tabs are legal in values",
    field: ["x", "a\tb\xff"],
    ok: true,
  },
  { name: "a capital is refused in names", field: ["X", "v"], ok: false },
  { name: "a name cannot be empty", field: ["", "v"], ok: false },
  { name: "a space is refused in names", field: ["a b", "v"], ok: false },
  { name: "a colon is refused within names", field: ["a:b", "v"], ok: false },
  { name: "octets above ASCII are refused in names", field: ["\xe9", "v"], ok: false },
  { name: "NUL is refused in values", field: ["x", "a\0b"], ok: false },
  { name: "CR is refused in values", field: ["x", "a\rb"], ok: false },
  { name: "LF is refused in values", field: ["x", "a\nb"], ok: false },
  { name: "other control characters are refused in values", field: ["x", "a\x1bb"], ok: false },
  { name: "DEL is refused in values", field: ["x", "a\x7fb"], ok: false },
  { name: "a blank before a value is refused", field: ["x", " a"], ok: false },
  { name: "a tab behind a value is refused", field: ["x", "a\t"], ok: false },
  { name: "connection is refused", field: ["connection", "close"], ok: false },
  { name: "transfer-encoding is refused", field: ["transfer-encoding", "chunked"], ok: false },
  { name: "upgrade is refused", field: ["upgrade", "h2c"], ok: false },
  { name: "keep-alive is refused", field: ["keep-alive", "1"], ok: false },
  { name: "proxy-connection is refused", field: ["proxy-connection", "close"], ok: false },
  { name: "te may say trailers", field: ["te", "trailers"], ok: true },
  { name: "te may say nothing else", field: ["te", "trailers, gzip"], ok: false },
  { name: "content-length is digits", field: ["content-length", "12"], ok: true },
  { name: "content-length has no sign", field: ["content-length", "+1"], ok: false },
  { name: "content-length is one number", field: ["content-length", "1, 1"], ok: false },
  { name: "an unknown pseudo field is refused", field: [":colour", "red"], ok: false },
  { name: "a path begins with a slash", field: [":path", "a"], ok: false },
  { name: "a path cannot be empty", field: [":path", ""], ok: false },
  { name: "a path has no blank", field: [":path", "/a b"], ok: false },
  { name: "a path may be a star", field: [":path", "*"], ok: true },
  { name: "a path has no fragment", field: [":path", "/a#b"], ok: false },
  { name: "a query has no fragment", field: [":path", "/a?b#c"], ok: false },
  { name: "a path may hold an escaped number sign", field: [":path", "/a%23b"], ok: true },
  { name: "a path holds no octets above ASCII", field: [":path", "/caf\xe9"], ok: false },
  { name: "a path holds no DEL", field: [":path", "/a\x7f"], ok: false },
  { name: "a method is a token", field: [":method", "GET /"], ok: false },
  { name: "an authority has no user", field: [":authority", "me@host"], ok: false },
  { name: "an authority has no path", field: [":authority", "host/a"], ok: false },
  { name: "an authority has no query", field: [":authority", "host?a"], ok: false },
  { name: "an authority has no fragment", field: [":authority", "host#a"], ok: false },
  { name: "an authority has no backslash", field: [":authority", "host\\a"], ok: false },
  { name: "an authority may name several targets", field: [":authority", "a:1,b:2"], ok: true },
  { name: "Host is an authority, too", field: ["host", "host/a"], ok: false },
  { name: "an authority has a port", field: [":authority", "[::1]:80"], ok: true },
  { name: "a status has three digits", field: [":status", "200"], ok: true },
  { name: "a status of two digits is refused", field: [":status", "99"], ok: false },
  { name: "a status of four digits is refused", field: [":status", "1000"], ok: false },
  { name: "a status below 100 is refused", field: [":status", "099"], ok: false },
  { name: "the least status is 100", field: [":status", "100"], ok: true },
  { name: "the greatest status is 999", field: [":status", "999"], ok: true },
  { name: "a method may be any token", field: [":method", "M-SEARCH"], ok: true },
  { name: "a scheme is a word", field: [":scheme", "https"], ok: true },
  { name: "a scheme has no colon", field: [":scheme", "https:"], ok: false },
  { name: "an authority has no blank", field: [":authority", "a b"], ok: false },
  { name: "an authority may hold octets above ASCII", field: [":authority", "\xe9"], ok: true },
  { name: "a protocol is a token", field: [":protocol", "websocket"], ok: true },
  { name: "a protocol has no slash", field: [":protocol", "a/b"], ok: false },
  {
    name: "content-length is at most 15 digits",
    field: ["content-length", "1".repeat(15)],
    ok: true,
  },
  {
    name: "content-length of 16 digits is refused",
    field: ["content-length", "1".repeat(16)],
    ok: false,
  },
  { name: "content-length cannot be empty", field: ["content-length", ""], ok: false },
  { name: "a value may be one letter", field: ["x", "a"], ok: true },
  { name: "a value of one blank is refused", field: ["x", " "], ok: false },
  { name: "a status that is no number is refused", field: [":status", "2x0"], ok: false },
] as const;

for (const { name, field, ok } of fields) {
  test(name, () => expect(new Field(field[0], field[1]).wellFormed).toBe(ok));
}

test("what we send is asked the same: names and values of any string", () => {
  expect(isFieldName("content-type")).toBe(true);
  expect(isFieldName(":path")).toBe(false);
  expect(isFieldValue("grün")).toBe(true);
  expect(isFieldValue("smile ☺")).toBe(false);
});

test.each([
  ["a short", "b"],
  ["a long", "b".repeat(100)],
])("within %s value any octet may stand but a control character that is no tab", (_, end) => {
  const legal = Array.from({ length: 0x180 }, (_, code) => code).filter((code) =>
    isFieldValue(`a${String.fromCharCode(code)}${end}`),
  );
  const from = (first: number, last: number) =>
    Array.from({ length: last - first + 1 }, (_, index) => first + index);
  expect(legal).toEqual([0x09, ...from(0x20, 0x7e), ...from(0x80, 0xff)]);
});

test("a field counts 32 bytes beside its name and value", () => {
  expect(new Field("ab", "cde").listBytes).toBe(37);
});

describe("what we send is refused before any of it is sent:", () => {
  test.each([
    ["a capital", "X", "v", '"X" is no name'],
    ["a pseudo field", ":path", "/", '":path" is no name'],
    ["a field of one connection", "connection", "close", '"connection" is no name'],
    ["a coding of the transfer", "transfer-encoding", "chunked", '"transfer-encoding" is no name'],
    ["a line end in a value", "x", "a\r\nb: c", 'the value of field "x"'],
    ["a blank behind a value", "x", "a ", 'the value of field "x"'],
    ["what is no octet", "x", "\u2603", 'the value of field "x"'],
  ])("%s", (_, name, value, told) => {
    expect(() =>
      requireSendable([
        ["a", "b"],
        [name, value],
      ]),
    ).toThrow(told);
  });

  const head = { method: "GET", path: "/", authority: "a" };
  test.each([
    ["a method with a blank", { ...head, method: "GET /" }, "the method"],
    ["a path with a blank", { ...head, path: "/a b" }, "the path"],
    ["a path with a line end", { ...head, path: "/a\r\n" }, "the path"],
    ["a path with DEL", { ...head, path: "/a\x7f" }, "the path"],
    ["a path of what is no octet", { ...head, path: "/\u2603" }, "the path"],
    ["no path", { ...head, path: "" }, "the path"],
    ["an authority with a blank", { ...head, authority: "a b" }, "the authority"],
  ])("%s", (_, wrong, told) => {
    expect(() => requireSendableHead(wrong)).toThrow(told);
  });

  test.each([99, 101, 1000, 200.5, Number.NaN])("a status of %d", (status) => {
    expect(() => requireStatus(status)).toThrow(`${status} is no HTTP/2 status`);
  });

  test("and nothing else is", () => {
    requireSendable([
      ["a", ""],
      ["te", "trailers"],
      ["host", "a"],
    ]);
    requireSendable([]);
    for (const path of ["/", "*", "/a?b", "/caf\xe9"]) requireSendableHead({ ...head, path });
    requireSendableHead({ ...head, authority: "" });
    for (const status of [100, 103, 200, 999]) requireStatus(status);
  });
});

test("a field whose name was judged already is judged as if it had not been", () => {
  const names = ["x-a", "X-A", "a b", "content-length", ":path", ":odd", "connection", "te"];
  const values = ["1", "a\u0000", "trailers", "/x", ""];
  for (const name of names) {
    const namesake = new Field(name, "other");
    for (const value of values) {
      const alone = new Field(name, value);
      const like = new Field(name, value, namesake);
      expect([name, value, like.kind, like.wellFormed]).toEqual([
        name,
        value,
        alone.kind,
        alone.wellFormed,
      ]);
    }
  }
});
