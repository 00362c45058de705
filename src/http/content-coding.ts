/** Content codings: which there are, and which one an Accept-Encoding field asks for (RFC 9110 §12.5.3). Pure. */

import { memoizeByString } from "#core/get-or-create.ts";

/** Every coding that this project speaks, best first where a client wants several alike. */
export const contentCodings = ["zstd", "br", "gzip"] as const;

/** A coding other than identity. */
export type ContentCoding = (typeof contentCodings)[number];

/** What a client takes. */
export interface CodingChoice {
  /** The coding that it wants most; undefined: none of those offered, or identity more than any. */
  readonly coding: ContentCoding | undefined;
  /** Whether it takes bytes without a coding. */
  readonly takesIdentity: boolean;
}

/** A qvalue, read a little more widely than RFC 9110 §12.4.2 writes it. */
const qvalue = /^(?:0(?:\.\d*)?|1(?:\.0*)?)$/;

/** Weights by coding in lower case; entries whose weight cannot be read are passed over. */
function weightsOf(field: string): ReadonlyMap<string, number> {
  const weights = new Map<string, number>();
  for (const entry of field.split(",")) {
    const [name = "", ...parameters] = entry.split(";").map((part) => part.trim().toLowerCase());
    const q = parameters.find((parameter) => /^q\s*=/.test(parameter))?.replace(/^q\s*=\s*/, "");
    if (name === "" || (q !== undefined && !qvalue.test(q))) continue;
    // RFC 9110 §8.4.1.3: the old name of gzip.
    const coding = name === "x-gzip" ? "gzip" : name;
    if (!weights.has(coding)) weights.set(coding, q === undefined ? 1 : Number(q));
  }
  return weights;
}

function choiceOf(field: string, offers: readonly ContentCoding[]): CodingChoice {
  const weights = weightsOf(field);
  const others = weights.get("*");
  const identity = weights.get("identity");
  let coding: ContentCoding | undefined;
  // An identity that no one names is taken, but no coding that is named is wanted less.
  let best = identity ?? 0;
  for (const offer of offers) {
    const weight = weights.get(offer) ?? others ?? 0;
    // Of equals the earlier; a coding that is wanted as much as identity saves bytes.
    if (weight > 0 && (coding === undefined ? weight >= best : weight > best)) {
      coding = offer;
      best = weight;
    }
  }
  return { coding, takesIdentity: (identity ?? others ?? 1) > 0 || weights.size === 0 };
}

/** Reads Accept-Encoding fields for a server that offers these codings, the earlier preferred among equals. */
export function codingChooser(
  offers: readonly ContentCoding[],
): (field: string | undefined) => CodingChoice {
  const chosen = memoizeByString((field) => choiceOf(field, offers));
  // Without the field anything would do; what is sent as it is can be read by every client.
  const unasked: CodingChoice = { coding: undefined, takesIdentity: true };
  return (field) => (field === undefined ? unasked : chosen(field));
}
