import { readFile, rename } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { systemClock } from "#core/clock.ts";
import { createAccessLog } from "#observability/access-line.ts";
import { createLogger, flushed } from "#observability/logger.ts";
import { callRecord } from "../../support/call.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";

function logged(format: "json" | "text", level: "debug" | "info" | "warn" = "info") {
  const lines: string[] = [];
  const logger = createLogger(
    { level, format, output: "stdout" },
    { write: (line) => lines.push(line) },
  );
  return { logger, lines };
}

test("json is one object a line, with level and time in words", () => {
  const { logger, lines } = logged("json");
  logger.info({ a: 1 }, "hello");
  expect(lines).toHaveLength(1);
  expect(JSON.parse(lines[0] ?? "")).toEqual({
    level: "info",
    time: expect.stringMatching(/^\d{4}-.*Z$/),
    a: 1,
    msg: "hello",
  });
});

test("text has the same facts for a human eye", () => {
  const { logger, lines } = logged("text");
  logger.warn({ a: 1, b: "x" }, "hello");
  expect(lines[0]).toMatch(/^\S+Z WARN hello a=1 b=x\n$/);
});

const hostile = [
  { name: "a line's end", sent: "x\n2026 INFO forged", written: '"x\\n2026 INFO forged"' },
  { name: "a return", sent: "x\rforged", written: '"x\\rforged"' },
  { name: "a terminal's escape", sent: "\u001b[2J", written: '"\\u001b[2J"' },
  { name: "the same in one character", sent: "\u009b2J", written: '"\\u009b2J"' },
  { name: "a line's end by Unicode", sent: "x\u2028y", written: '"x\\u2028y"' },
  { name: "another field", sent: "x status=200", written: '"x status=200"' },
  { name: "a quote", sent: 'x"', written: '"x\\""' },
  { name: "nothing", sent: "", written: '""' },
  { name: "a path", sent: "/a-b/c.d:e", written: "/a-b/c.d:e" },
];
test.each(hostile)("in text, $name in a value stays in the value", ({ sent, written }) => {
  const { logger, lines } = logged("text");
  logger.info({ inside: { sent }, sent }, "hello");
  expect(lines[0]?.endsWith(` sent=${written}\n`)).toBe(true);
  expect(lines[0]?.match(/[\p{Cc}\u2028]/gu)).toEqual(["\n"]);
});

test("in text, a message is one line, too", () => {
  const { logger, lines } = logged("text");
  logger.info("two\nlines");
  expect(lines[0]).toMatch(/^\S+Z INFO "two\\nlines"\n$/);
});

test("fields that hold secrets are never written, at the top or inside", () => {
  const { logger, lines } = logged("json");
  logger.info(
    { authorization: "s3cret", request: { cookie: "s3cret" }, "x-api-key": "s3cret" },
    "x",
  );
  expect(lines[0]).not.toContain("s3cret");
  expect(lines[0]).toContain("[redacted]");
});

test("a request that became no call is logged with its status, at error from 500 on", () => {
  const { logger, lines } = logged("json");
  createAccessLog({ logger, clock: systemClock }).exchangeEnded(callRecord(), 404, 1.23456);
  createAccessLog({ logger, clock: systemClock }).exchangeEnded(callRecord(), 500, 1);
  const [first, second] = lines.map((line) => JSON.parse(line));
  expect(first).toMatchObject({ level: "info", msg: "request", status: 404, elapsed_ms: 1.235 });
  expect(second).toMatchObject({ level: "error", status: 500 });
});

test("a level that is off costs no line", () => {
  const { logger, lines } = logged("json", "warn");
  createAccessLog({ logger, clock: systemClock }).exchangeEnded(callRecord(), 200, 1);
  expect(lines).toEqual([]);
});

test("a file takes the lines, also after it was moved away and is opened again", async () => {
  await using folder = await temporaryFolder();
  const output = join(folder.path, "gateway.log");
  const logger = createLogger({ level: "info", format: "json", output });
  logger.info("first");
  await flushed(logger);
  await rename(output, `${output}.1`);
  logger.reopen();
  logger.info("second");
  await flushed(logger);
  const messagesOf = async (path: string) =>
    (await readFile(path, "utf8"))
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line).msg);
  expect(await messagesOf(`${output}.1`)).toEqual(["first"]);
  expect(await messagesOf(output)).toEqual(["second"]);
});

test("a file that cannot be opened is an error at once", () => {
  const output = "/no/such/folder/gateway.log";
  expect(() => createLogger({ level: "info", format: "json", output })).toThrow("ENOENT");
});
