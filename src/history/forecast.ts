/** What the next hours are likely to bring, by what the past ones did. Pure. */

// Simple methods are tried on the past; the one that would have been least wrong there tells the
// future, and how wrong it was there is how far it may be trusted: where the past is too short to try,
// nothing is reported.

import { holtWinters, holtWintersHoursMin } from "./holt-winters.ts";

/**
 * How a forecast was made: as the hour before it (which is the naive one), as the six before, as the
 * same hour of the last days or weeks, or by smoothing level, trend and season.
 */
export type ForecastMethod =
  | "last_hour"
  | "last_hours"
  | "same_hour"
  | "same_hour_of_week"
  | "holt_winters";

/** The next hours. */
export interface Forecast {
  readonly method: ForecastMethod;
  /** What it would have been wrong by in the past, as a share of what there was; undefined when there was nothing. */
  readonly error: number | undefined;
  /** What the naive one would have been wrong by there. */
  readonly naiveError: number | undefined;
  readonly values: readonly number[];
  /** In the past one value in ten was further below, and one in ten further above. */
  readonly low: readonly number[];
  readonly high: readonly number[];
}

const dayHours = 24;
const weekHours = 7 * dayHours;
/** Trials that each hour of a forecast must have had in the past. */
const trialsMin = 5;
/** Trials that each has at most: a week of them. */
const trialsMax = weekHours;
/** Share of past errors that is beyond each bound. */
const beyond = 0.1;

/** The value `lead` hours after the first `known` hours of a past. */
type Tell = (known: number, lead: number) => number;

/** Forecasts an hour from the hours before it. */
interface Method {
  readonly name: ForecastMethod;
  /** Hours that it looks back at least. */
  readonly hoursMin: number;
  /** For one past; what is chosen about the method may be chosen by its first `from` hours. */
  of(past: readonly number[], from: number): Tell;
}

/** The mean of the last hours. */
function level(name: ForecastMethod, hours: number): Method {
  return {
    name,
    hoursMin: hours,
    of: (past) => (known) => {
      let sum = 0;
      for (let back = 1; back <= hours; back += 1) sum += past[known - back] ?? 0;
      return sum / hours;
    },
  };
}

/** The mean of the hours that are one or more periods before, at most so many. */
function season(name: ForecastMethod, periodHours: number, periodsMax: number): Method {
  return {
    name,
    hoursMin: periodHours,
    of: (past) => (known, lead) => {
      // The last one before the future begins.
      let at = known + lead - periodHours * (Math.floor(lead / periodHours) + 1);
      let sum = 0;
      let count = 0;
      for (; at >= 0 && count < periodsMax; at -= periodHours) {
        sum += past[at] ?? 0;
        count += 1;
      }
      return count === 0 ? 0 : sum / count;
    },
  };
}

/** What any other method has to be better than. */
const naive: Method = level("last_hour", 1);

const methods: readonly Method[] = [
  naive,
  level("last_hours", 6),
  season("same_hour", dayHours, 7),
  season("same_hour_of_week", weekHours, 4),
  { name: "holt_winters", hoursMin: holtWintersHoursMin, of: holtWinters },
];

/** The hour's steps that a past of so many hours can be tried for, at most `wanted`. */
export function forecastSteps(hours: number, wanted: number): number {
  return Math.max(0, Math.min(wanted, hours - trialsMin));
}

/** A method, and what it was wrong by in the past. */
interface Tried {
  readonly method: Method;
  readonly tell: Tell;
  /** By how many hours ahead it was asked. */
  readonly errors: readonly Float64Array[];
  /** All of them together, whichever way it was wrong. */
  readonly wrong: number;
}

/** Tries a method on the hours of the past after the first `from`. */
function tryOut(method: Method, past: readonly number[], from: number, steps: number): Tried {
  const tell = method.of(past, from);
  let wrong = 0;
  const errors = Array.from({ length: steps }, (_, lead) => {
    const first = Math.max(from, past.length - lead - trialsMax);
    const found = new Float64Array(past.length - lead - first);
    for (let trial = 0; trial < found.length; trial += 1) {
      const known = first + trial;
      const error = (past[known + lead] ?? 0) - tell(known, lead);
      found[trial] = error;
      wrong += Math.abs(error);
    }
    return found;
  });
  return { method, tell, errors, wrong };
}

function sumOf(numbers: readonly number[]): number {
  return numbers.reduce((sum, one) => sum + one, 0);
}

/** The value that a share of the others is below. */
function quantile(sorted: Float64Array, share: number): number {
  return sorted[Math.round(share * (sorted.length - 1))] ?? 0;
}

/** The next `steps` hours after `past`, one value per hour; no more than `forecastSteps` has of them. */
export function forecast(past: readonly number[], steps: number): Forecast {
  const able = methods.filter(({ hoursMin }) => past.length - hoursMin - steps + 1 >= trialsMin);
  // All are tried on the same hours.
  const from = Math.max(...able.map(({ hoursMin }) => hoursMin));
  const tried = able.map((method) => tryOut(method, past, from, steps));
  // The naive one comes first: whoever may be tried at all, it may.
  const [first, ...others] = tried;
  if (first === undefined) throw new RangeError(`${past.length} hours tell nothing of ${steps}`);
  const best = others.reduce((least, one) => (one.wrong < least.wrong ? one : least), first);
  const values = best.errors.map((_, lead) => best.tell(past.length, lead));
  const sorted = best.errors.map((errors) => errors.toSorted());
  // A method that was mostly wrong in one direction has both its errors there: the value itself is within.
  const bound = (share: number, within: (a: number, b: number) => number) =>
    sorted.map((errors, lead) =>
      Math.max(0, (values[lead] ?? 0) + within(0, quantile(errors, share))),
    );
  return {
    method: best.method.name,
    error: shareOf(best.wrong, past, best.errors),
    naiveError: shareOf(first.wrong, past, first.errors),
    values,
    low: bound(beyond, Math.min),
    high: bound(1 - beyond, Math.max),
  };
}

/** Errors as a share of what there was in the hours that were tried. */
function shareOf(
  wrong: number,
  past: readonly number[],
  errors: readonly Float64Array[],
): number | undefined {
  const all = sumOf(errors.map(({ length }) => sumOf(past.slice(past.length - length))));
  return all === 0 ? undefined : wrong / all;
}
