/** The clock tells the time of a moment in a zone named as people name it. */

import { expect, test } from "vitest";
import { timeIn } from "#agent/tools/world-clock.ts";

const moment = Date.UTC(2026, 0, 31, 23, 5, 7);

const rows = [
  ["Tokyo", "2026-02-01 08:05:07 GMT+09:00"],
  ["asia/tokyo", "2026-02-01 08:05:07 GMT+09:00"],
  ["New York", "2026-01-31 18:05:07 GMT-05:00"],
  ["san francisco", "2026-01-31 15:05:07 GMT-08:00"],
  ["Kathmandu", "2026-02-01 04:50:07 GMT+05:45"],
  ["UTC", "2026-01-31 23:05:07 GMT+00:00"],
  ["mumbai", "2026-02-01 04:35:07 GMT+05:30"],
  ["Indiana/Knox", "2026-01-31 17:05:07 GMT-06:00"],
  ["Asia/Kolkata", "2026-02-01 04:35:07 GMT+05:30"],
] as const;
test.each(rows)("in %s it is %s", (zone, text) => {
  expect(timeIn(zone, moment)).toEqual({ ok: true, text });
});

test.each(["Atlantis", "Atlantis/Knox", ""])(
  "an unknown place %j is named in the problem",
  (place) => {
    expect(timeIn(place, moment)).toEqual({ ok: false, problem: `unknown time zone "${place}"` });
  },
);
