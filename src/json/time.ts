/** Timestamps and durations that are written as text, as ProtoJSON has them. */

/** What both are made of. */
export interface SecondsAndNanos {
  readonly seconds: bigint;
  readonly nanos: number;
}

const timestamp =
  /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(?:Z|([+-])(\d\d):(\d\d))$/;
const duration = /^(-?)(\d{1,12})(?:\.(\d{1,9}))?s$/;

const leastSeconds = Date.parse("0001-01-01T00:00:00Z") / 1000;
const mostSeconds = Date.parse("9999-12-31T23:59:59Z") / 1000;
/** 10,000 years (duration.proto). */
const durationSecondsMax = 315_576_000_000;

function nanosFrom(fraction: string): number {
  return Number(fraction.padEnd(9, "0"));
}

/** The time that an RFC 3339 text writes; undefined for one that no calendar or clock shows. */
export function timestampFrom(text: string): SecondsAndNanos | undefined {
  const [
    whole,
    year,
    month,
    day,
    hour,
    minute,
    second,
    fraction = "",
    sign,
    aheadHours,
    aheadMinutes,
  ] = timestamp.exec(text) ?? [];
  if (whole === undefined) return undefined;
  const time = new Date(0);
  time.setUTCFullYear(Number(year), Number(month) - 1, Number(day));
  // A day that a month has not is one of another month.
  const isDay = time.getUTCMonth() === Number(month) - 1;
  const isClock = Number(hour) < 24 && Number(minute) < 60 && Number(second) < 60;
  if (!isDay || !isClock) return undefined;
  const ahead = Number(aheadHours ?? 0) * 60 + Number(aheadMinutes ?? 0);
  if (Number(aheadHours ?? 0) > 23 || Number(aheadMinutes ?? 0) > 59) return undefined;
  const localSeconds =
    time.getTime() / 1000 + Number(hour) * 3600 + Number(minute) * 60 + Number(second);
  const seconds = localSeconds - (sign === "-" ? -ahead : ahead) * 60;
  if (seconds < leastSeconds || seconds > mostSeconds) return undefined;
  return { seconds: BigInt(seconds), nanos: nanosFrom(fraction) };
}

/** The duration that a text such as -1.5s writes; undefined for any other. */
export function durationFrom(text: string): SecondsAndNanos | undefined {
  const [whole, sign, seconds = "", fraction = ""] = duration.exec(text) ?? [];
  if (whole === undefined || Number(seconds) > durationSecondsMax) return undefined;
  const nanos = nanosFrom(fraction);
  // Zero has no sign.
  return sign === "-"
    ? { seconds: -BigInt(seconds), nanos: 0 - nanos }
    : { seconds: BigInt(seconds), nanos };
}
