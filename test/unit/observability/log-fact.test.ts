import { stdTimeFunctions } from "pino";
import { afterEach, describe, expect, test, vi } from "vitest";
import {
  integerFact,
  jsonText,
  millisecondsFact,
  rememberedFact,
  textFact,
  timeFact,
} from "#observability/log-fact.ts";
import { createLogger } from "#observability/logger.ts";

afterEach(() => {
  vi.useRealTimers();
});

test("every character reads back as it was, and all of them on one printable line", () => {
  for (let code = 0; code < 0x3000; code += 1) {
    const text = `a${String.fromCharCode(code)}b`;
    const json = jsonText(text);
    expect(JSON.parse(json)).toBe(text);
    expect(json).not.toMatch(/[\p{Cc}\p{Zl}\p{Zp}]/u);
  }
});

test("a fact is a field behind others; there is none of what is absent", () => {
  const facts = textFact("a", 'x"') + textFact("b", undefined) + integerFact("c", 15);
  expect(facts).toBe(',"a":"x\\"","c":15');
  expect(integerFact("d", undefined) + millisecondsFact("e", undefined)).toBe("");
});

const times = [
  { ms: 0, written: "0.000" },
  { ms: 0.0004, written: "0.000" },
  { ms: 0.041, written: "0.041" },
  { ms: 0.9996, written: "1.000" },
  { ms: 12.3456, written: "12.346" },
  { ms: 90_061_001.5, written: "90061001.500" },
];
test.each(times)("$ms ms are written to the microsecond", ({ ms, written }) => {
  expect(millisecondsFact("ms", ms)).toBe(`,"ms":${written}`);
});

test("a remembered fact reads as any other, also beyond as many as are kept", () => {
  const fact = rememberedFact("a");
  for (const round of [1, 2]) {
    for (let index = 0; index < 1500; index += 1) {
      expect(fact(`${index}"`), `round ${round}`).toBe(textFact("a", `${index}"`));
    }
  }
  expect(fact(undefined)).toBe("");
});

test("the time is as the log's other lines write it, and goes on", () => {
  vi.useFakeTimers();
  for (const ms of [0, 0, 1, 1_700_000_000_123]) {
    vi.setSystemTime(ms);
    expect(timeFact()).toBe(stdTimeFunctions.isoTime());
  }
});

describe("no text makes a line long", () => {
  const texts = [
    { name: "plain", of: "a" },
    { name: "of other scripts", of: "模" },
    { name: "of quotes", of: '"' },
    { name: "of lines", of: "\n" },
    { name: "of control characters", of: "\u0001" },
    { name: "of halves of characters", of: "\ud83d" },
    { name: "of line separators", of: "\u2028" },
  ];
  test.each(texts)("one that is $name", ({ of }) => {
    for (const length of [4095, 4096, 4097, 1_000_000]) {
      const json = textFact("a", of.repeat(length)).slice(',"a":'.length);
      expect(json.length, `${length}`).toBeLessThanOrEqual(8192);
      const whole = of.repeat(length);
      const kept = JSON.parse(json) as string;
      const cut = `${whole.slice(0, kept.length - 1)}…`;
      expect(length <= 4096 && kept === whole ? kept : cut, `${length}`).toBe(kept);
    }
    expect(rememberedFact("a")(of.repeat(100_000)).length).toBeLessThan(520);
  });

  test("what is not too long is whole", () => {
    expect(jsonText("x".repeat(4096))).toBe(JSON.stringify("x".repeat(4096)));
    expect(jsonText("\n".repeat(4000))).toBe(JSON.stringify("\n".repeat(4000)));
  });

  test("the lines that the logger makes itself are bounded, too", () => {
    const lines: string[] = [];
    const logger = createLogger(
      { level: "info", format: "json", output: "stdout" },
      { write: (line) => lines.push(line) },
    );
    logger.info({ error: "\u0001".repeat(100_000), state: "failed", attempts: 3 }, "model");
    const [line = ""] = lines;
    expect(line.length).toBeLessThan(8400);
    expect(JSON.parse(line)).toMatchObject({ state: "failed", attempts: 3, msg: "model" });
  });
});
