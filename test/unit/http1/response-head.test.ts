import { describe, expect, test } from "vitest";
import {
  fieldLine,
  HeadEnds,
  ResponseFields,
  sharedLines,
  statusLine,
  trailerLines,
} from "#http1/response-head.ts";
import { createManualClock } from "../../support/manual-clock.ts";

describe("nothing unsound gets out:", () => {
  const rows: { name: string; field: [string, string] }[] = [
    { name: "CR and LF in a value", field: ["a", "b\r\nc: d"] },
    { name: "LF in a value", field: ["a", "b\nc"] },
    { name: "CR in a value", field: ["a", "b\rc"] },
    { name: "NUL in a value", field: ["a", "b\0"] },
    { name: "DEL in a value", field: ["a", "b\x7f"] },
    { name: "what is no octet", field: ["a", "\u2603"] },
    { name: "LF in a name", field: ["a\nb", "c"] },
    { name: "a colon in a name", field: ["a:b", "c"] },
    { name: "a blank in a name", field: ["a ", "c"] },
    { name: "an empty name", field: ["", "c"] },
    { name: "a capital in a name", field: ["A", "c"] },
  ];
  test.each(rows)("$name", ({ field }) => {
    expect(() => new ResponseFields([field])).toThrow(TypeError);
    expect(() => fieldLine(...field)).toThrow(TypeError);
    expect(() => trailerLines([field])).toThrow(TypeError);
  });

  test.each(["transfer-encoding", "keep-alive", "upgrade", "proxy-connection"])(
    "%s, which is the connection's",
    (name) => expect(() => new ResponseFields([[name, "x"]])).toThrow(TypeError),
  );

  test.each(["constructor", "__proto__", "tostring"])("but %s, a name like others", (name) => {
    expect(new ResponseFields([[name, "x"]]).text).toBe(`${name}: x\r\n`);
    expect(trailerLines([[name, "x"]])).toBe(`${name}: x\r\n`);
  });

  test.each(["content-length", "transfer-encoding", "connection", "date"])(
    "%s in a trailer",
    (name) => expect(() => trailerLines([[name, "1"]])).toThrow(TypeError),
  );

  test.each([["-1"], ["1, 1"], ["0x1"], [""]])("a length of %j", (value) => {
    expect(() => new ResponseFields([["content-length", value]])).toThrow(TypeError);
  });

  test.each(["0", "1"])("two lengths of %s", (value) => {
    const length = ["content-length", value] as const;
    expect(() => new ResponseFields([length, length])).toThrow("content-length is one number");
  });

  test.each(["keep-alive", "Close", ""])("a connection that is to be %j", (value) => {
    expect(() => new ResponseFields([["connection", value]])).toThrow("connection: a response may");
  });

  test("and the field is named", () => {
    expect(() => fieldLine("a b", "c")).toThrow('"a b" is no name of a field');
    expect(() => fieldLine("a", "b\n")).toThrow('the value of field "a" cannot be sent');
    expect(() => trailerLines([["date", "b"]])).toThrow('"date" is no trailer');
    expect(() => new ResponseFields([["upgrade", "b"]])).toThrow('"upgrade" is the connection');
    expect(() => statusLine(99)).toThrow("99 is no status of a response");
  });

  test.each([99, 100, 101, 199, 1000, 200.5, Number.NaN])("a status of %d", (status) => {
    expect(() => statusLine(status)).toThrow(RangeError);
  });
});

test("fields say what they mean to the connection", () => {
  const fields = new ResponseFields([
    ["a", "tab\tand \xe9"],
    ["content-length", "3"],
    ["connection", "close"],
    ["a", ""],
  ]);
  expect(fields.text).toBe("a: tab\tand \xe9\r\na: \r\n");
  expect([fields.contentLength, fields.closes, fields.isDated]).toEqual([3, true, false]);
  const dated = new ResponseFields([
    ["a", "b"],
    ["date", "then"],
  ]);
  expect([dated.isDated, dated.text]).toEqual([true, "a: b\r\ndate: then\r\n"]);
  const silent = new ResponseFields([]);
  expect([silent.text, silent.contentLength, silent.closes, silent.isDated]).toEqual([
    "",
    -1,
    false,
    false,
  ]);
});

test("a status has its words, or none", () => {
  expect([200, 599, 999].map(statusLine)).toEqual([
    "HTTP/1.1 200 OK\r\n",
    "HTTP/1.1 599 \r\n",
    "HTTP/1.1 999 \r\n",
  ]);
});

test("the date is that of the second", async () => {
  const clock = createManualClock(Date.UTC(2026, 0, 31, 9, 5, 7));
  const ends = new HeadEnds(clock, 75_000);
  const kept = "connection: keep-alive\r\nkeep-alive: timeout=75\r\n";
  expect(ends.fields(false, false)).toBe(`date: Sat, 31 Jan 2026 09:05:07 GMT\r\n${kept}`);
  await clock.advance(1_000);
  expect(ends.fields(true, false)).toBe(
    "date: Sat, 31 Jan 2026 09:05:08 GMT\r\nconnection: close\r\n",
  );
  expect([ends.fields(false, true), ends.fields(true, true)]).toEqual([
    kept,
    "connection: close\r\n",
  ]);
});

describe("fields that many responses share", () => {
  const shared = [
    ["x-one", "1"],
    ["x-two", "2"],
  ] as const;

  test("are lines of their own, the same each time", () => {
    for (const own of [[], [["content-type", "text/plain"]] as const]) {
      expect(sharedLines(shared, own)).toBe("x-one: 1\r\nx-two: 2\r\n");
    }
  });

  test("are left out where the response has one of that name itself", () => {
    expect(sharedLines(shared, [["x-one", "own"]])).toBe("x-two: 2\r\n");
  });

  test("are sound, or a programmer's error", () => {
    expect(() => sharedLines([["x-one", "1\r\nx: y"]], [])).toThrow(TypeError);
  });
});
