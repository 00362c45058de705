import { stdTimeFunctions } from "pino";
import { afterEach, expect, test, vi } from "vitest";
import {
  integerFact,
  jsonText,
  millisecondsFact,
  rememberedFact,
  textFact,
  timeFact,
} from "#observability/log-fact.ts";

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
