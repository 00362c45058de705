import { expect, test } from "vitest";
import { isFieldName } from "#http/field-text.ts";
import { Field, isFieldValue } from "#http2/field.ts";

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

test("a field counts 32 bytes beside its name and value", () => {
  expect(new Field("ab", "cde").listBytes).toBe(37);
});
