import { describe, expect, test } from "vitest";
import { FieldNames } from "#http1/field-name.ts";
import { isRefused, needsMore } from "#http1/field-section.ts";
import { defaultLimits } from "#http1/limits.ts";
import { RequestHead } from "#http1/request-head.ts";

const reading = { limits: defaultLimits, names: new FieldNames() };

function headOf(text: string): { head: RequestHead; outcome: number } {
  const head = new RequestHead(Buffer.from(text, "latin1"), 0);
  return { head, outcome: head.read(reading) };
}

describe("a head", () => {
  test("is told from what comes behind it", () => {
    const text = "POST /a?b HTTP/1.1\r\nHost: x\r\nX-Two:  two words\t \r\nempty:\r\n\r\n";
    const { head, outcome } = headOf(`${text}body`);
    expect(outcome).toBe(text.length);
    expect([head.method, head.path, head.minor]).toEqual(["POST", "/a?b", 1]);
    expect([...head.headers()]).toEqual([
      ["host", "x"],
      ["x-two", "two words"],
      ["empty", ""],
    ]);
  });

  test("may stand behind one line end", () => {
    expect(headOf("\r\nGET / HTTP/1.1\r\n\r\n").outcome).toBe(20);
  });

  test("joins the values of a name; cookies by semicolons", () => {
    const { head } = headOf("GET / HTTP/1.0\r\na: 1\r\nA: 2\r\ncookie: x\r\nCookie: y\r\n\r\n");
    expect([head.header("a"), head.header("cookie"), head.header("b")]).toEqual([
      "1, 2",
      "x; y",
      undefined,
    ]);
    expect(head.minor).toBe(0);
  });

  test("keeps its values when the input that brought it is written over", () => {
    const bytes = Buffer.alloc(4096);
    const length = bytes.write("GET / HTTP/1.1\r\nhost: x\r\n\r\n", 100, "latin1");
    const head = new RequestHead(bytes, 100);
    expect(head.read(reading)).toBe(100 + length);
    head.own();
    bytes.fill(0x7a);
    expect(head.header("host")).toBe("x");
  });

  test("is not copied when it is most of the input that brought it", () => {
    const bytes = new Uint8Array(100);
    const input = Buffer.from(bytes.buffer);
    const text = `GET / HTTP/1.1\r\n${"host: x".padEnd(30)}\r\n\r\n`;
    input.write(text, 50, "latin1");
    const head = new RequestHead(input, 50);
    expect(head.read(reading)).toBe(100);
    head.own();
    input.fill("y");
    expect(head.header("host")).toMatch(/^y+$/);
  });

  test.each([0, 10])("counts its bytes from where it begins: %d", (origin) => {
    const limits = { ...defaultLimits, headBytesMax: 40 };
    const outcomeAt = (length: number) => {
      const text = "GET / HTTP/1.1\r\na: ".padEnd(length, "b");
      const head = new RequestHead(Buffer.from("z".repeat(origin) + text), origin);
      return head.read({ ...reading, limits });
    };
    expect([outcomeAt(39), outcomeAt(40)]).toEqual([needsMore, isRefused]);
  });
});

describe("targets", () => {
  const taken = [
    { name: "a path", line: "GET /a//b%00?c HTTP/1.1", path: "/a//b%00?c" },
    { name: "the absolute form", line: "GET http://a:80/b?c HTTP/1.1", path: "/b?c", host: "a:80" },
    { name: "an IPv6 address", line: "GET https://[::1]:8 HTTP/1.1", path: "/", host: "[::1]:8" },
    { name: "the asterisk", line: "OPTIONS * HTTP/1.1", path: "*" },
    { name: "a path of OPTIONS", line: "OPTIONS http://a/b HTTP/1.1", path: "/b", host: "a" },
    { name: "a path of the longest method", line: "UNSUBSCRIBE / HTTP/1.1", path: "/" },
  ];
  test.each(taken)("$name", ({ line, path, host }) => {
    const { head, outcome } = headOf(`${line}\r\n\r\n`);
    expect(outcome).toBeGreaterThan(0);
    expect([head.path, head.targetAuthority]).toEqual([path, host]);
  });
});

describe("refused", () => {
  const lines = [
    { name: "a bare LF behind the request line", text: "GET / HTTP/1.1\nhost: x\r\n\r\n" },
    { name: "a bare LF behind a field", text: "GET / HTTP/1.1\r\nhost: x\nb: c\r\n\r\n" },
    { name: "a bare CR in a value", text: "GET / HTTP/1.1\r\nhost: x\ry\r\n\r\n" },
    { name: "a bare CR before a line end", text: "GET / HTTP/1.1\r\nhost: x\r\r\n\r\n" },
    { name: "a bare LF as the empty line", text: "GET / HTTP/1.1\r\nhost: x\r\n\n" },
    { name: "a folded line", text: "GET / HTTP/1.1\r\na: b\r\n c\r\n\r\n" },
    { name: "a folded first line", text: "GET / HTTP/1.1\r\n a: b\r\n\r\n" },
    { name: "a space before a colon", text: "GET / HTTP/1.1\r\nhost : x\r\n\r\n" },
    { name: "a tab before a colon", text: "GET / HTTP/1.1\r\nhost\t: x\r\n\r\n" },
    { name: "a space within a name", text: "GET / HTTP/1.1\r\na b: x\r\n\r\n" },
    { name: "a name of no letters", text: "GET / HTTP/1.1\r\n: x\r\n\r\n" },
    { name: "a line without a colon", text: "GET / HTTP/1.1\r\nhost\r\n\r\n" },
    { name: "octets above ASCII in a name", text: "GET / HTTP/1.1\r\nh\xf6st: x\r\n\r\n" },
    { name: "NUL in a name", text: "GET / HTTP/1.1\r\nho\0st: x\r\n\r\n" },
    { name: "NUL in a value", text: "GET / HTTP/1.1\r\nhost: x\0y\r\n\r\n" },
    { name: "a vertical tab before a value", text: "GET / HTTP/1.1\r\na:\x0bb\r\n\r\n" },
    { name: "DEL in a value", text: "GET / HTTP/1.1\r\na: \x7f\r\n\r\n" },
    {
      name: "a tab behind a coding",
      text: "POST / HTTP/1.1\r\ntransfer-encoding: chunked\t\r\n\r\n",
    },
    { name: "two line ends ahead of a request", text: "\r\n\r\nGET / HTTP/1.1\r\n\r\n" },
    { name: "a LF ahead of a request", text: "\nGET / HTTP/1.1\r\n\r\n" },
    { name: "a CR alone ahead of a request", text: "\rGET / HTTP/1.1\r\n\r\n" },
    { name: "a space ahead of a method", text: " GET / HTTP/1.1\r\n\r\n" },
    { name: "two spaces behind a method", text: "GET  / HTTP/1.1\r\n\r\n" },
    { name: "two spaces before the version", text: "GET /  HTTP/1.1\r\n\r\n" },
    { name: "a blank line before the version", text: "GET / \r\nHTTP/1.1\r\n\r\n" },
    { name: "an unknown method in a line that is none", text: "BLAH\r\n\r\n" },
    { name: "an unknown method without a version", text: "BLAH /\r\n\r\n" },
    { name: "a version without digits", text: "GET / HTTP/x.y\r\n\r\n" },
    { name: "a version of one digit", text: "GET / HTTP/2\r\n\r\n" },
    { name: "a tab for a space", text: "GET\t/ HTTP/1.1\r\n\r\n" },
    { name: "a space behind the version", text: "GET / HTTP/1.1 \r\n\r\n" },
    { name: "no target", text: "GET HTTP/1.1\r\n\r\n" },
    { name: "an empty target", text: "GET  HTTP/1.1\r\n\r\n" },
    { name: "no version", text: "GET /\r\n\r\n" },
    { name: "a version of a letter", text: "GET / HTTP/1.a\r\n\r\n" },
    { name: "a version of a sign", text: "GET / HTTP/:.1\r\n\r\n" },
    { name: "a bare CR as the empty line", text: "GET / HTTP/1.1\r\nhost: x\r\n\rX" },
    { name: "CONNECT to a path", text: "CONNECT / HTTP/1.1\r\nhost: a\r\n\r\n" },
    { name: "CONNECT", text: "CONNECT a:80 HTTP/1.1\r\nhost: a:80\r\n\r\n" },
    { name: "a version of more digits", text: "GET / HTTP/1.10\r\n\r\n" },
    { name: "a version in small letters", text: "GET / http/1.1\r\n\r\n" },
    { name: "a target that is no path", text: "GET a/b HTTP/1.1\r\n\r\n" },
    { name: "the authority form", text: "GET a:80 HTTP/1.1\r\n\r\n" },
    { name: "the asterisk of another method", text: "GET * HTTP/1.1\r\n\r\n" },
    { name: "a fragment", text: "GET /a#b HTTP/1.1\r\n\r\n" },
    { name: "octets above ASCII in a target", text: "GET /\xe9 HTTP/1.1\r\n\r\n" },
    { name: "another scheme", text: "GET ftp://a/ HTTP/1.1\r\n\r\n" },
    { name: "an absolute form without a host", text: "GET http:///a HTTP/1.1\r\n\r\n" },
    { name: "a user in an authority", text: "GET http://u@a/ HTTP/1.1\r\n\r\n" },
  ];
  test.each(lines)("$name", ({ text }) => {
    const { head, outcome } = headOf(text);
    expect(outcome).toBe(isRefused);
    expect(head.refusal.status).toBe(400);
  });

  const named = [
    { name: "a method in small letters", text: "get / HTTP/1.1\r\n\r\n", status: 501 },
    { name: "a method that nobody knows", text: "BLAH / HTTP/1.1\r\n\r\n", status: 501 },
    { name: "a method longer than any", text: "AAAAAAAAAAAAAAAAA", status: 501 },
    { name: "HTTP/2.0", text: "GET / HTTP/2.0\r\n\r\n", status: 505 },
    { name: "HTTP/0.9", text: "GET / HTTP/0.9\r\n\r\n", status: 505 },
    { name: "a target without an end", text: `GET /${"a".repeat(20_000)}`, status: 414 },
    {
      name: "a target that leaves no room for the line's end",
      text: `GET /${"a".repeat(defaultLimits.headBytesMax)} HTTP/1.1\r\n\r\n`,
      status: 414,
    },
  ];
  test.each(named)("$name, with $status", ({ text, status }) => {
    const { head, outcome } = headOf(text);
    expect([outcome, head.refusal.status]).toEqual([isRefused, status]);
  });

  const tooMuch = [
    { name: "a value without an end", text: `GET / HTTP/1.1\r\na: ${"b".repeat(20_000)}` },
    {
      name: "fields past their bytes",
      text: `GET / HTTP/1.1\r\n${"a: bcdefghijklmnopqrstuvwxyz012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789\r\n".repeat(120)}`,
    },
    { name: "fields past their number", text: `GET / HTTP/1.1\r\n${"a: b\r\n".repeat(129)}` },
  ];
  test.each(tooMuch)("$name, with 431", ({ text }) => {
    const { head, outcome } = headOf(text);
    expect([outcome, head.refusal.status]).toEqual([isRefused, 431]);
  });

  test("a head of exactly its limit is taken, one byte more is not", () => {
    const frame = "GET / HTTP/1.1\r\na: \r\n\r\n".length;
    const text = (length: number) => `GET / HTTP/1.1\r\na: ${"b".repeat(length)}\r\n\r\n`;
    const fits = defaultLimits.headBytesMax - frame;
    expect(headOf(text(fits)).outcome).toBe(defaultLimits.headBytesMax);
    expect(headOf(text(fits + 1)).outcome).toBe(isRefused);
  });
});

test.each(["1.2", "1.9"])("HTTP/%s is read as HTTP/1.1", (version) => {
  const { head, outcome } = headOf(`GET / HTTP/${version}\r\nhost: x\r\n\r\n`);
  expect([outcome > 0, head.minor]).toEqual([true, 1]);
});

test("a head that is cut anywhere needs more, and then is the same", () => {
  const bytes = Buffer.from("GET http://a/b HTTP/1.0\r\nhost: x\r\nb:c\r\n\r\n");
  for (let cut = 1; cut < bytes.length; cut += 1) {
    const head = new RequestHead(bytes.subarray(0, cut), 0);
    expect(head.read(reading), `cut at ${cut}`).toBe(needsMore);
    head.move(bytes, 0);
    expect(head.read(reading)).toBe(bytes.length);
    expect([...head.headers()]).toEqual([
      ["host", "x"],
      ["b", "c"],
    ]);
  }
});
