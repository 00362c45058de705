/** The clock: date and time of now in one time zone. */

import type { ToolResult } from "./result.ts";
import { zoneOf } from "./time-zone.ts";

/** The moment `wallMs` (since the Unix epoch) in `zone`, as `2026-01-31 18:05:09 GMT+09:00`. */
export function timeIn(zone: string, wallMs: number): ToolResult {
  const timeZone = zoneOf(zone);
  if (timeZone === undefined) return { ok: false, problem: `unknown time zone "${zone}"` };
  const format = new Intl.DateTimeFormat("en", {
    timeZone,
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
    hourCycle: "h23",
    timeZoneName: "longOffset",
  });
  const part = Object.fromEntries(
    format.formatToParts(wallMs).map(({ type, value }) => [type, value]),
  );
  const { year, month, day, hour, minute, second, timeZoneName } = part;
  return {
    ok: true,
    text: `${year}-${month}-${day} ${hour}:${minute}:${second} ${timeZoneName}`,
  };
}
