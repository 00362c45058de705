/** Reads Content-Type and Accept. */

import { memoizeByString } from "#core/get-or-create.ts";

/** A media type with its parameters. */
export interface MediaType {
  /** In lower case, such as application/json. */
  readonly type: string;
  /** Values by name in lower case. */
  readonly parameters: ReadonlyMap<string, string>;
}

const parameter = /;\s*([\w!#$%&'*+.^`|~-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s;"]*))/g;

const noParameters: ReadonlyMap<string, string> = new Map();

/** The media type that a field value writes. */
export const mediaTypeFrom: (text: string) => MediaType = memoizeByString((text) => {
  const semicolon = text.indexOf(";");
  if (semicolon < 0) return { type: text.trim().toLowerCase(), parameters: noParameters };
  const parameters = new Map<string, string>();
  for (const [, name = "", quoted, bare = ""] of text.slice(semicolon).matchAll(parameter)) {
    parameters.set(name.toLowerCase(), quoted?.replace(/\\(.)/g, "$1") ?? bare);
  }
  return { type: text.slice(0, semicolon).trim().toLowerCase(), parameters };
});

/** How often a field value has a parameter: readers differ in which one of two they take. */
export function countParameter(text: string, name: string): number {
  const names = [...text.matchAll(parameter)];
  return names.filter(([, each = ""]) => each.toLowerCase() === name).length;
}

interface Range {
  readonly type: string;
  readonly quality: number;
}

function rangesOf(accept: string): Range[] {
  return accept.split(",").map((text) => {
    const { type, parameters } = mediaTypeFrom(text);
    const quality = Number(parameters.get("q") ?? 1);
    return { type, quality: Number.isNaN(quality) ? 1 : quality };
  });
}

function precision(range: string, offer: string): number {
  if (range === offer) return 3;
  if (range === "*/*" || range === "*") return 1;
  return range.endsWith("/*") && offer.startsWith(range.slice(0, -1)) ? 2 : 0;
}

/** How much the ranges want an offer, 0 to 1: the most precise range that matches decides. */
function qualityOf(offer: string, ranges: readonly Range[]): number {
  let best = { precision: 0, quality: 0 };
  for (const { type, quality } of ranges) {
    const found = precision(type, offer);
    if (found > best.precision) best = { precision: found, quality };
  }
  return best.quality;
}

/**
 * The offer that an Accept field wants most, the earlier one of equals; undefined when it wants
 * none. Without the field anything is wanted.
 */
export function preferredOf<T extends string>(
  accept: string | undefined,
  offers: readonly T[],
): T | undefined {
  if (accept === undefined || accept.trim() === "" || accept === "*/*") return offers[0];
  const ranges = rangesOf(accept);
  let best: T | undefined;
  let bestQuality = 0;
  for (const offer of offers) {
    const quality = qualityOf(offer, ranges);
    if (quality > bestQuality) {
      best = offer;
      bestQuality = quality;
    }
  }
  return best;
}
