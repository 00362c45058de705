/** Forecasts are made by what would have been least wrong in the past, and say how wrong that was. */

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { seededRng } from "#core/rng.ts";
import { forecast, forecastSteps } from "#history/forecast.ts";
import { holtWinters } from "#history/holt-winters.ts";

const hours = (count: number, valueAt: (hour: number) => number) =>
  Array.from({ length: count }, (_, hour) => valueAt(hour));

describe("the method", () => {
  test("is the same hour of the last days where days are alike", () => {
    const day = (hour: number) => (hour % 24 < 8 ? 0 : 100 + (hour % 24));
    const told = forecast(hours(24 * 5, day), 24);
    expect(told.method).toBe("same_hour");
    expect(told.error).toBe(0);
    expect(told.values).toEqual(hours(24, day));
    expect([told.low, told.high]).toEqual([told.values, told.values]);
  });

  test("is the same hour of the week where weekends are not like other days", () => {
    const week = (hour: number) => (hour % 168 >= 120 ? 5 : 200 + (hour % 24));
    const told = forecast(hours(168 * 4, week), 48);
    expect(told.method).toBe("same_hour_of_week");
    expect(told.values).toEqual(hours(48, (step) => week(168 * 4 + step)));
  });

  test("is the hour before where the load has changed for good", () => {
    const told = forecast(
      hours(40, (hour) => (hour < 20 ? 10 : 500)),
      3,
    );
    expect([told.method, told.values]).toEqual(["last_hour", [500, 500, 500]]);
  });

  test("is the mean of the last hours where all is chance", () => {
    const rng = seededRng(7);
    const told = forecast(
      hours(23, () => 50 + 100 * rng.next()),
      2,
    );
    expect(told.method).toBe("last_hours");
  });
});

describe("Holt-Winters against the naive method", () => {
  /** A load that rises, with a day in it, and noise. */
  const seasonal = (seed: number) => {
    const rng = seededRng(seed);
    return hours(24 * 14, (hour) => {
      const day = 80 * Math.sin((hour / 24) * 2 * Math.PI);
      return Math.round(200 + hour + day + 20 * rng.next());
    });
  };

  test.each([1, 2, 3, 4, 5])("it is chosen where days rise, and comes closer (%d)", (seed) => {
    const whole = seasonal(seed);
    const told = forecast(whole.slice(0, -24), 24);
    expect(told.method).toBe("holt_winters");
    expect(told.error).toBeLessThan((told.naiveError ?? 0) / 3);
    // What comes then, and no one could have chosen by.
    const wrongBy = (values: readonly number[]) =>
      whole.slice(-24).reduce((sum, value, step) => sum + Math.abs(value - (values[step] ?? 0)), 0);
    expect(wrongBy(told.values)).toBeLessThan(wrongBy(hours(24, () => whole.at(-25) ?? 0)) / 2);
  });

  test.each([1, 2, 3, 4, 5])("the naive one wins a random walk, and is chosen (%d)", (seed) => {
    const rng = seededRng(seed);
    let value = 1_000;
    const walk = hours(24 * 14, () => {
      value += rng.next() < 0.5 ? -20 : 20;
      return value;
    });
    const told = forecast(walk, 2);
    expect(told.method).toBe("last_hour");
    expect(told.error).toBe(told.naiveError);
  });

  test("no hour is told to be below nothing where the load falls for good", () => {
    const falling = hours(24 * 6, (hour) => Math.max(0, 500 - hour * 4));
    const tell = holtWinters(falling, 72);
    expect(Math.min(...hours(48, (lead) => tell(falling.length, lead)))).toBe(0);
  });
});

describe("how far it may be trusted", () => {
  test("a past with nothing in it tells of nothing, and of no error", () => {
    const told = forecast(
      hours(30, () => 0),
      6,
    );
    expect(told).toMatchObject({ error: undefined, values: [0, 0, 0, 0, 0, 0] });
  });

  test("eight or nine of ten hours of noise are within its bounds, and the error is that of the past", () => {
    const rng = seededRng(11);
    const noisy = (hour: number) =>
      100 + 50 * Math.sin((hour / 24) * 2 * Math.PI) + 40 * rng.next();
    let within = 0;
    let all = 0;
    for (let round = 0; round < 40; round += 1) {
      const whole = hours(24 * 9, noisy);
      const told = forecast(whole.slice(0, -24), 24);
      expect(told.error).toBeGreaterThan(0.02);
      expect(told.error).toBeLessThan(0.3);
      for (const [step, value] of whole.slice(-24).entries()) {
        all += 1;
        if (value >= (told.low[step] ?? 0) && value <= (told.high[step] ?? 0)) within += 1;
      }
    }
    expect(within / all).toBeGreaterThan(0.7);
    expect(within / all).toBeLessThan(0.9);
  });

  test("no hour is told that the past was too short to be tried for", () => {
    expect([0, 5, 6, 10, 29, 1_000].map((known) => forecastSteps(known, 24))).toEqual([
      0, 0, 1, 5, 24, 24,
    ]);
    expect(() =>
      forecast(
        hours(10, () => 1),
        6,
      ),
    ).toThrow(RangeError);
  });
});

test("whatever the past, values are finite, within their bounds and never below nothing", () => {
  const past = fc.array(fc.nat({ max: 1_000_000 }), { minLength: 6, maxLength: 400 });
  fc.assert(
    fc.property(past, fc.integer({ min: 1, max: 48 }), (known, wanted) => {
      const steps = forecastSteps(known.length, wanted);
      const { values, low, high } = forecast(known, steps);
      expect([values.length, low.length, high.length]).toEqual([steps, steps, steps]);
      for (const [step, value] of values.entries()) {
        expect(Number.isFinite(value)).toBe(true);
        expect(low[step]).toBeGreaterThanOrEqual(0);
        expect(low[step]).toBeLessThanOrEqual(value);
        expect(high[step]).toBeGreaterThanOrEqual(value);
      }
    }),
    { numRuns: 60 },
  );
});
