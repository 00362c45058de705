/** States of alerts over time: pending, firing, sent again, resolved. Pure. */

import type { AlertName, Reading, Readings } from "./conditions.ts";

/** Something to tell. */
export interface Notice {
  readonly status: "firing" | "resolved";
  readonly alert: AlertName;
  readonly labels: Readonly<Record<string, string>>;
  /** Stays the same for one alert and its labels. */
  readonly key: string;
  readonly summary: string;
  /** Since when it is so, in milliseconds since the Unix epoch. */
  readonly startsMs: number;
  /** When it was over; absent while it goes on. */
  readonly endsMs?: number;
}

/** Both kinds of time of one look. */
export interface Moment {
  readonly nowMs: number;
  readonly wallMs: number;
}

/** An alert that is not resolved. */
interface State {
  reading: Reading;
  /** Monotonic. */
  readonly sinceMs: number;
  readonly startsMs: number;
  /** When it was sent last, monotonic; undefined while it is pending. */
  toldMs: number | undefined;
}

function keyOf({ alert, labels }: Reading): string {
  return JSON.stringify([alert, ...Object.entries(labels).toSorted()]);
}

/** Remembers alerts that are pending or firing: as many as there are readings, at most. */
export class AlertStates {
  readonly #states = new Map<string, State>();

  /** How many are firing. */
  get firing(): number {
    return [...this.#states.values()].filter(({ toldMs }) => toldMs !== undefined).length;
  }

  /** Takes the readings of a moment; returns the notices to send. What was not looked at stays as it is. */
  take({ readings, unknown }: Readings, moment: Moment, repeatMs: number): readonly Notice[] {
    const seen = new Map(readings.map((reading) => [keyOf(reading), reading]));
    const notices = this.#resolved(seen, unknown, moment);
    for (const [key, reading] of seen) {
      if (!reading.isAbove) continue;
      const state = this.#stateOf(key, reading, moment);
      if (!isDue(state, moment.nowMs, repeatMs)) continue;
      state.toldMs = moment.nowMs;
      notices.push(noticeOf("firing", key, state, reading));
    }
    return notices;
  }

  /** Lets go of what is not above any more, and of what is not there any more. */
  #resolved(
    seen: ReadonlyMap<string, Reading>,
    unknown: Readings["unknown"],
    { wallMs }: Moment,
  ): Notice[] {
    const notices: Notice[] = [];
    for (const [key, state] of this.#states) {
      const reading = seen.get(key);
      const isUnknown = reading === undefined && unknown.has(state.reading.alert);
      if (isUnknown || reading?.isAbove) continue;
      this.#states.delete(key);
      if (state.toldMs === undefined) continue;
      const last = reading ?? state.reading;
      notices.push({ ...noticeOf("resolved", key, state, last), endsMs: wallMs });
    }
    return notices;
  }

  #stateOf(key: string, reading: Reading, { nowMs, wallMs }: Moment): State {
    const known = this.#states.get(key);
    if (known !== undefined) {
      known.reading = reading;
      return known;
    }
    const state: State = { reading, sinceMs: nowMs, startsMs: wallMs, toldMs: undefined };
    this.#states.set(key, state);
    return state;
  }
}

function isDue({ reading, sinceMs, toldMs }: State, nowMs: number, repeatMs: number): boolean {
  return toldMs === undefined ? nowMs - sinceMs >= reading.forMs : nowMs - toldMs >= repeatMs;
}

function noticeOf(
  status: Notice["status"],
  key: string,
  { startsMs }: State,
  { alert, labels, summary }: Reading,
): Notice {
  return { status, key, alert, labels, summary, startsMs };
}
