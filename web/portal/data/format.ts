/** Numbers and times as texts. */

import { type Timestamp, timestampMs } from "@bufbuild/protobuf/wkt";

const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const short = new Intl.NumberFormat("en", { notation: "compact", maximumSignificantDigits: 3 });
const cents = new Intl.NumberFormat("en", { style: "currency", currency: "USD" });
const clock = new Intl.DateTimeFormat("en-GB", { timeStyle: "medium" });
const dayAndClock = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "medium" });

/** A count: 12,345, and 1.23M from a hundred thousand on. */
export const count = (value: number): string => (value < 100_000 ? whole : short).format(value);

/** A time in milliseconds: 0.42 ms, 12.3 ms, 345 ms, 1.23 s, 2 min 3 s. */
export function duration(ms: number): string {
  if (ms < 10) return `${ms.toFixed(2)} ms`;
  if (ms < 100) return `${ms.toFixed(1)} ms`;
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(2)} s`;
  return `${Math.floor(ms / 60_000)} min ${Math.round((ms % 60_000) / 1000)} s`;
}

/** A share from 0 to 1 as per cent. */
export function percent(share: number): string {
  const value = share * 100;
  return `${value === 100 || value === 0 ? value : value.toFixed(value > 99 ? 2 : 1)} %`;
}

/** US dollars: with cents, and with more digits below one cent. */
export function dollars(usd: number): string {
  if (usd === 0) return "$0";
  return usd < 0.01 ? `$${usd.toPrecision(2)}` : cents.format(usd);
}

/** Bytes as MB or GB. */
export function bytes(value: number): string {
  if (value < 1e6) return `${(value / 1e3).toFixed(1)} kB`;
  return value < 1e9 ? `${(value / 1e6).toFixed(0)} MB` : `${(value / 1e9).toFixed(1)} GB`;
}

/** The time of day, 14:03:59. */
export const timeOfDay = (at: Timestamp | undefined): string =>
  at === undefined ? "–" : clock.format(timestampMs(at));

/** Day and time. */
export const dateAndTime = (at: Timestamp | undefined): string =>
  at === undefined ? "–" : dayAndClock.format(timestampMs(at));

/** How long ago a moment in milliseconds since 1970 was: `5 s`, `3 min`, `2 h`. */
export function age(ms: number, nowMs = Date.now()): string {
  const seconds = Math.max(0, Math.round((nowMs - ms) / 1000));
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.round(seconds / 60)} min`;
  return seconds < 172_800
    ? `${Math.round(seconds / 3600)} h`
    : `${Math.round(seconds / 86_400)} d`;
}
