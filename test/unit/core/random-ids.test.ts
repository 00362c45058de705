import { describe, expect, test } from "vitest";
import { RandomIds } from "#core/random-ids.ts";

describe("random ids", () => {
  test("each is its prefix and 32 hexadecimal digits", () => {
    const ids = new RandomIds("req_");
    for (let round = 0; round < 1_000; round += 1) {
      expect(ids.next()).toMatch(/^req_[0-9a-f]{32}$/);
    }
  });

  test("no two are the same, across draws of random bytes and across makers", () => {
    const makers = [new RandomIds(""), new RandomIds("")];
    const made = makers.flatMap((maker) => Array.from({ length: 2_000 }, () => maker.next()));
    expect(new Set(made).size).toBe(4_000);
  });

  test("every digit takes every value", () => {
    const ids = new RandomIds("");
    const seen = Array.from({ length: 32 }, () => new Set<string>());
    for (let round = 0; round < 2_000; round += 1) {
      for (const [index, digit] of [...ids.next()].entries()) seen[index]?.add(digit);
    }
    expect(seen.map(({ size }) => size)).toEqual(seen.map(() => 16));
  });
});
