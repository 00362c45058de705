/** Decides from the words of a message which of the agent's own tools to call. Pure. */

import { getOrCreate } from "#core/get-or-create.ts";
import { findArithmetic } from "./arithmetic.ts";
import { zoneOf } from "./tools/time-zone.ts";
import type { Invocation } from "./tools/toolbox.ts";
import { commonUnit } from "./tools/unit.ts";

/** Most calls that one message leads to. */
export const invocationsMax = 8;

/** Characters of a message that are searched; what follows is read but starts no tool. */
export const searchedLengthMax = 4096;

const amount = String.raw`(-?\d{1,3}(?:,\d{3})+(?:\.\d+)?|-?\d+(?:\.\d+)?|an?|one)`;
const unit = "([A-Za-z°µ][A-Za-z0-9°µ/^]{0,31})";

/** Said plainly enough that an unknown unit is worth an answer. */
const convertPattern = new RegExp(
  String.raw`\bconvert\s+${amount}\s*${unit}\s+(?:to|into|in)\s+${unit}`,
  "gi",
);
const howManyPattern = new RegExp(
  String.raw`\bhow (?:many|much)\s+${unit}\s+(?:(?:are|is|in|there|make|equals?)\s+){0,4}${amount}\s*${unit}`,
  "gi",
);
/** Also how one speaks of other things, so both units have to be common ones. */
const loosePattern = new RegExp(
  String.raw`(?<![\w.])${amount}\s*${unit}\s+(?:to|into|in|as)\s+${unit}`,
  "gi",
);
const timePattern =
  /\b(?:what(?:'s|’s| is)?(?: the)?(?: current| local)? time|current(?: local)? time|time is it)\b(?:[^\n.!?]{0,40}?\bin ([\p{L}_/-]+(?: [\p{L}_-]+){0,2}))?/giu;

/** The calls that `text` asks for: times, then conversions, then arithmetic; no call twice. */
export function planTools(text: string): Invocation[] {
  const found = new Map<string, Invocation>();
  const add = (invocation: Invocation) => found.set(JSON.stringify(invocation), invocation);
  let rest = unitWordsJoined(text.slice(0, searchedLengthMax));
  const take = (pattern: RegExp, plan: (groups: readonly string[]) => Invocation | undefined) => {
    rest = rest.replace(pattern, (match: string, ...groups: readonly string[]) => {
      // A plan may cost more than finding what it is for: a text of plans is not worth it.
      const invocation = found.size < invocationsMax ? plan(groups) : undefined;
      if (invocation === undefined) return match;
      add(invocation);
      return "\n"; // what is taken may not be taken again as something else
    });
  };
  const zones = new Map<string, string>();
  take(timePattern, ([place = "UTC"]) => ({
    tool: "clock",
    zone: getOrCreate(zones, place, () => placeZone(place)),
  }));
  take(convertPattern, ([value, from, to]) => conversion(value, from, to));
  take(howManyPattern, ([to, value, from]) => conversion(value, from, to));
  take(loosePattern, ([value, from = "", to = ""]) =>
    commonUnit(from) === undefined || commonUnit(to) === undefined
      ? undefined
      : conversion(value, from, to),
  );
  for (const expression of findArithmetic(rest)) add({ tool: "calculator", expression });
  return [...found.values()].slice(0, invocationsMax);
}

/** Turns units of several words into one: `miles per hour`, `degrees celsius`, `square feet`. */
function unitWordsJoined(text: string): string {
  return text
    .replace(/\bdegrees? (celsius|fahrenheit|centigrade)\b/gi, "$1")
    .replace(
      /\b(meters?|metres?|kilomet(?:er|re)s?|miles?|feet|foot|km|mi|m) per (hour|second)\b/gi,
      "$1/$2",
    )
    .replace(/\bsquare (meter|metre|kilometer|kilometre|mile|foot|inch|yard)s?\b/gi, "$1^2")
    .replace(/\bsquare feet\b/gi, "foot^2");
}

function conversion(value = "1", from = "", to = ""): Invocation {
  const number = /\d/.test(value) ? Number(value.replaceAll(",", "")) : 1;
  return { tool: "unit_converter", value: number, from, to };
}

/** The zone of the longest beginning of `place` that names one; else its words, for the answer. */
function placeZone(place: string): string {
  const words = place.split(" ");
  for (let count = words.length; count > 0; count -= 1) {
    const zone = zoneOf(words.slice(0, count).join(" "));
    if (zone !== undefined) return zone;
  }
  return words[0] ?? place;
}
