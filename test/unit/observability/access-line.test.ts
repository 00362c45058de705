import { expect, test } from "vitest";
import { fault } from "#errors/fault.ts";
import { type AccessOutcome, createAccessLog } from "#observability/access-line.ts";
import type { CallRecord } from "#observability/call-record.ts";
import { createLogger } from "#observability/logger.ts";
import { callRecord } from "../../support/call.ts";

/** The line that is written of a request, as it is and as it reads. */
function line(record: Partial<CallRecord>, access: Partial<AccessOutcome> = {}) {
  const lines: string[] = [];
  const logger = createLogger(
    { level: "info", format: "json", output: "stdout" },
    { write: (text) => lines.push(text) },
  );
  createAccessLog(logger)(callRecord(record), { elapsedMs: 1, ...access });
  const [text = ""] = lines;
  return { text, facts: JSON.parse(text) as Record<string, unknown> };
}

const failed = (cause: unknown): Partial<AccessOutcome> => ({
  outcome: {
    procedure: "a.B/C",
    code: "INTERNAL",
    level: "error",
    reason: "INTERNAL",
    error: fault("INTERNAL", "internal error", { cause }),
  },
});

test("a request that became no call has these fields, in this order, absent ones left out", () => {
  const { facts } = line({}, { status: 404, elapsedMs: 1.23456 });
  expect(Object.keys(facts)).toEqual(
    ["level", "time", "request_id", "listener", "client", "http_method", "http_version"].concat([
      "endpoint",
      "status",
      "elapsed_ms",
      "msg",
    ]),
  );
  expect(facts).toMatchObject({ level: "info", msg: "request", status: 404, elapsed_ms: 1.235 });
});

test("a call has how it ended, who called, and what it waited for", () => {
  const record = { principal: "ann", model: "m", upstreamMs: 0.12345 };
  expect(line(record, failed(new Error("why"))).facts).toMatchObject({
    level: "error",
    msg: "call",
    procedure: "a.B/C",
    code: "INTERNAL",
    reason: "INTERNAL",
    principal: "ann",
    model: "m",
    upstream_ms: 0.123,
  });
});

test.each([
  { name: "a line's end", model: 'x"}\n{"level":"info","msg":"forged' },
  { name: "a terminal's escape", model: "\u001b[2J" },
  { name: "the same in one character", model: "\u009b2J" },
  { name: "a line's end by Unicode", model: "x\u2028y\u2029z\u0085" },
  { name: "half a character", model: "\ud83d" },
  { name: "a backslash", model: "x\\" },
  { name: "other scripts", model: "模型 ü 🙂" },
  { name: "nothing", model: "" },
])("$name in a value stays in the value", ({ model }) => {
  const { text, facts } = line({ model });
  expect(facts.model).toBe(model);
  expect(text.match(/[\p{Cc}\p{Zl}\p{Zp}]/gu)).toEqual(["\n"]);
});

test.each([
  { name: "an error", cause: new Error("why"), error: /: Error: why\n/ },
  { name: "a text", cause: "why", error: / internal error: why$/ },
  { name: "an object without a text", cause: Object.create(null), error: /: \[object Object\]$/ },
  { name: "a symbol", cause: Symbol("why"), error: /: Symbol\(why\)$/ },
  { name: "null", cause: null, error: /: null$/ },
  { name: "much", cause: "x".repeat(10_000), error: /^.{4096}$/ },
])("a failure tells its cause: $name", ({ cause, error }) => {
  expect(line({}, failed(cause)).facts.error).toMatch(error);
});
