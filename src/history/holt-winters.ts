/** Holt and Winters' exponential smoothing with a damped trend and a season of a day, added up. Pure. */

/** Hours of a season. */
const seasonHours = 24;
/** Two seasons to begin with; a third one to choose the weights by. */
export const holtWintersHoursMin = 3 * seasonHours;
const startHours = 2 * seasonHours;
/** What the trend keeps of itself by the hour: a rise of yesterday does not go on for ever. */
const damping = 0.97;

/** How much the latest hour counts for each part, 0 to 1. */
interface SmoothingWeights {
  readonly level: number;
  readonly trend: number;
  readonly season: number;
}

const candidates: readonly SmoothingWeights[] = [0.05, 0.2, 0.5, 0.8].flatMap((level) =>
  [0, 0.02, 0.1].flatMap((trend) => [0.05, 0.2, 0.5].map((season) => ({ level, trend, season }))),
);

/** What is known after each hour. */
interface Smoothed {
  /** By the number of hours that are known. */
  readonly levels: Float64Array;
  readonly trends: Float64Array;
  /** What an hour of the day had beyond the level, by hour of the past. */
  readonly seasons: Float64Array;
  /** What telling each hour by those before it was wrong by, together. */
  readonly wrong: number;
}

function meanOf(past: readonly number[], from: number): number {
  let sum = 0;
  for (let hour = from; hour < from + seasonHours; hour += 1) sum += past[hour] ?? 0;
  return sum / seasonHours;
}

/** Goes through the first `count` hours. */
function smooth(past: readonly number[], count: number, by: SmoothingWeights): Smoothed {
  const levels = new Float64Array(count + 1);
  const trends = new Float64Array(count + 1);
  const seasons = new Float64Array(count);
  const [first, second] = [meanOf(past, 0), meanOf(past, seasonHours)];
  for (let hour = 0; hour < startHours; hour += 1) {
    const ofDay = hour % seasonHours;
    const beyond = (past[ofDay] ?? 0) - first + (past[ofDay + seasonHours] ?? 0) - second;
    seasons[hour] = beyond / 2;
  }
  let level = second;
  let trend = (second - first) / seasonHours;
  let wrong = 0;
  levels[startHours] = level;
  trends[startHours] = trend;
  for (let hour = startHours; hour < count; hour += 1) {
    const value = past[hour] ?? 0;
    const season = seasons[hour - seasonHours] ?? 0;
    const expected = level + damping * trend;
    wrong += Math.abs(value - expected - season);
    const next = by.level * (value - season) + (1 - by.level) * expected;
    trend = by.trend * (next - level) + (1 - by.trend) * damping * trend;
    seasons[hour] = by.season * (value - next) + (1 - by.season) * season;
    level = next;
    levels[hour + 1] = level;
    trends[hour + 1] = trend;
  }
  return { levels, trends, seasons, wrong };
}

/**
 * Forecasts an hour from the hours before it: the value `lead` hours after the first `known` hours of the
 * past, of which there must be `holtWintersHoursMin`. The weights are those that would have been least
 * wrong in the first `chosenBy` hours, so that what comes after them is a fair trial.
 */
export function holtWinters(
  past: readonly number[],
  chosenBy: number,
): (known: number, lead: number) => number {
  let [best] = candidates;
  let leastWrong = Number.POSITIVE_INFINITY;
  for (const weights of candidates) {
    const { wrong } = smooth(past, chosenBy, weights);
    if (wrong < leastWrong) [best, leastWrong] = [weights, wrong];
  }
  if (best === undefined) throw new RangeError("there are no weights");
  const { levels, trends, seasons } = smooth(past, past.length, best);
  return (known, lead) => {
    const ahead = (damping * (1 - damping ** (lead + 1))) / (1 - damping);
    const periods = Math.floor(lead / seasonHours) + 1;
    const season = seasons[known + lead - seasonHours * periods] ?? 0;
    return Math.max(0, (levels[known] ?? 0) + (trends[known] ?? 0) * ahead + season);
  };
}
