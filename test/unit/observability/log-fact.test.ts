import { stdTimeFunctions } from "pino";
import { afterEach, expect, test, vi } from "vitest";
import { jsonText, numberFact, textFact, timeFact } from "#observability/log-fact.ts";

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
  const facts = textFact("a", 'x"') + textFact("b", undefined) + numberFact("c", 1.5);
  expect(facts).toBe(',"a":"x\\"","c":1.5');
  expect(numberFact("d", undefined)).toBe("");
});

test("the time is as the log's other lines write it, and goes on", () => {
  vi.useFakeTimers();
  for (const ms of [0, 0, 1, 1_700_000_000_123]) {
    vi.setSystemTime(ms);
    expect(timeFact()).toBe(stdTimeFunctions.isoTime());
  }
});
