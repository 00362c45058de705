import { expect, test } from "vitest";
import { bestOf, type Fitness, worseOf } from "#core/fitness.ts";

/** From the greatest degree to the least. */
const order: readonly Fitness[] = ["fit", "trial", "ejected", "resting"];

test("of two degrees the lesser is the worse, whichever comes first", () => {
  for (const [index, one] of order.entries()) {
    for (const [other, two] of order.entries()) {
      expect(worseOf(one, two)).toBe(order[Math.max(index, other)]);
    }
  }
});

test("of some degrees the greatest is the best, wherever it stands", () => {
  for (const [index] of order.entries()) {
    expect(bestOf(order.slice(index))).toBe(order[index]);
    expect(bestOf(order.slice(index).toReversed())).toBe(order[index]);
  }
});

test("of nobody at all nobody may be asked", () => {
  expect(bestOf([])).toBe("resting");
});
