import { expect, test } from "vitest";
import { systemClock } from "#core/clock.ts";
import { fault } from "#errors/fault.ts";
import { createAccessLog } from "#observability/access-line.ts";
import type { CallOutcome, CallRecord } from "#observability/call-record.ts";
import { createLogger } from "#observability/logger.ts";
import { callRecord } from "../../support/call.ts";

const clock = { ...systemClock, nowMs: () => 1.23456 };

/** An access log, and the lines that it wrote. */
function accessLog() {
  const lines: string[] = [];
  const logger = createLogger(
    { level: "info", format: "json", output: "stdout" },
    { write: (text) => lines.push(text) },
  );
  return { log: createAccessLog({ logger, clock }), lines };
}

/** The line that is written of a request, as it is and as it reads. */
function line(record: Partial<CallRecord>, outcome?: CallOutcome) {
  const { log, lines } = accessLog();
  const whole = callRecord(record);
  if (outcome !== undefined) log.callBegan(whole);
  if (outcome !== undefined) log.callEnded(whole, outcome);
  else log.exchangeEnded(whole, whole.status ?? 0, clock.nowMs() - whole.startMs);
  const [text = ""] = lines;
  return { text, facts: JSON.parse(text) as Record<string, unknown> };
}

const ok: CallOutcome = { procedure: "a.B/C", code: "OK", level: "info" };
const failed = (cause: unknown): CallOutcome => ({
  procedure: "a.B/C",
  code: "INTERNAL",
  level: "error",
  reason: "INTERNAL",
  error: fault("INTERNAL", "internal error", { cause }),
});

test("a request that became no call has these fields, in this order, absent ones left out", () => {
  const { facts } = line({ status: 404, path: "/a/b" });
  expect(Object.keys(facts)).toEqual(
    ["level", "time", "request_id", "listener", "client", "http_method", "http_version"].concat([
      "endpoint",
      "path",
      "status",
      "elapsed_ms",
      "msg",
    ]),
  );
  expect(facts).toMatchObject({ level: "info", msg: "request", status: 404, elapsed_ms: 1.235 });
});

test("a call has how it ended, who called, who was asked, and what it waited for", () => {
  const record = { principal: "ann", model: "m", upstream: "core-1", upstreamMs: 0.12345 };
  const { facts } = line({ ...record, status: 500 }, failed(new Error("why")));
  expect(facts).toMatchObject({
    level: "error",
    msg: "call",
    procedure: "a.B/C",
    code: "INTERNAL",
    reason: "INTERNAL",
    status: 500,
    principal: "ann",
    model: "m",
    upstream: "core-1",
    upstream_ms: 0.123,
  });
  expect(facts).not.toHaveProperty("attempts");
  expect(line({ attempts: 1 }, ok).facts).not.toHaveProperty("attempts");
  expect(line({ attempts: 2 }, ok).facts).toMatchObject({ attempts: 2 });
});

test("a call's line waits for its exchange, an exchange's for its call, and there is one", () => {
  for (const callFirst of [true, false]) {
    const { log, lines } = accessLog();
    const record = callRecord({ status: undefined });
    log.callBegan(record);
    if (callFirst) log.callEnded(record, ok);
    else log.exchangeEnded(record, 200, 1);
    expect(lines).toEqual([]);
    if (callFirst) log.exchangeEnded(record, 200, 1);
    else log.callEnded(record, ok);
    expect(lines.map((text) => JSON.parse(text))).toMatchObject([{ code: "OK", status: 200 }]);
  }
});

test("a page's own level beats that of its status", () => {
  expect(line({ status: 503 }).facts.level).toBe("error");
  expect(line({ status: 503, level: "info" }).facts.level).toBe("info");
  const { log, lines } = accessLog();
  log.exchangeEnded(callRecord({ level: "debug" }), 503, 1);
  expect(lines).toEqual([]);
});

test.each([
  { name: "a line's end", model: 'x"}\n{"level":"info","msg":"forged' },
  { name: "a terminal's escape", model: "\u001b[2J" },
  { name: "the same in one character", model: "\u009b2J" },
  { name: "a line's end by Unicode", model: "x\u2028y\u2029z\u0085" },
  { name: "what turns the direction of writing", model: "x\u202ey\u2066z\u200f\u061c" },
  { name: "half a character", model: "\ud83d" },
  { name: "a backslash", model: "x\\" },
  { name: "other scripts", model: "模型 ü 🙂" },
  { name: "nothing", model: "" },
])("$name in a value stays in the value", ({ model }) => {
  const { text, facts } = line({ model });
  expect(facts.model).toBe(model);
  expect(text.match(/[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/gu)).toEqual(["\n"]);
});

test.each([
  { name: "an error", cause: new Error("why"), error: /: Error: why\n/ },
  { name: "a text", cause: "why", error: / internal error: why$/ },
  { name: "an object without a text", cause: Object.create(null), error: /: \[object Object\]$/ },
  { name: "a symbol", cause: Symbol("why"), error: /: Symbol\(why\)$/ },
  { name: "null", cause: null, error: /: null$/ },
  { name: "much", cause: "x".repeat(10_000), error: /^.{4096}$/ },
  {
    name: "the cause of its cause",
    cause: new Error("cannot be reached", { cause: new Error("connect ECONNREFUSED") }),
    error: /internal error: cannot be reached: Error: connect ECONNREFUSED\n/,
  },
  { name: "a circle", cause: circle(), error: /^.{1,4096}$/s },
])("a failure tells its cause: $name", ({ cause, error }) => {
  expect(line({}, failed(cause)).facts.error).toMatch(error);
});

/** An error that is its own cause. */
function circle(): Error {
  const error = new Error("round");
  error.cause = error;
  return error;
}
