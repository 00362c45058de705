/** Reads the field Forwarded (RFC 7239). Pure. */

/** What one proxy says of the request that it took. */
export interface ForwardedElement {
  /** Who sent it: an address, perhaps with a port, `unknown`, or a name that hides it. */
  readonly for?: string;
  /** Scheme by which it came. */
  readonly proto?: string;
  /** Host that it asked. */
  readonly host?: string;
}

/** A parameter, and what comes after it: `;` before another one, `,` before another element. */
const parameter =
  /[ \t]*([\w!#$%&'*+.^`|~-]+)=(?:([\w!#$%&'*+.^`|~-]+)|"((?:[^"\\]|\\[\t -~\x80-\xff])*)")[ \t]*([;,]|$)/y;
/** Lists may have items without anything in them (RFC 9110 §5.6.1.2). */
const nothing = /[ \t]*(?:,|$)/y;

/** The elements, that of the nearest proxy last; undefined for what does not follow the grammar, which no one should guess at. */
export function forwardedElements(field: string): readonly ForwardedElement[] | undefined {
  const elements: ForwardedElement[] = [];
  let element = new Map<string, string>();
  let isBegun = false;
  for (let at = 0; at < field.length; ) {
    nothing.lastIndex = at;
    if (!isBegun && nothing.test(field)) {
      at = nothing.lastIndex;
      continue;
    }
    parameter.lastIndex = at;
    const [whole, name = "", token, quoted, separator] = parameter.exec(field) ?? [];
    if (whole === undefined) return undefined;
    const key = name.toLowerCase();
    if (element.has(key)) return undefined;
    element.set(key, token ?? quoted?.replace(/\\(.)/gs, "$1") ?? "");
    at += whole.length;
    isBegun = separator === ";";
    // An element may end with its last `;`, but for the field's own end.
    if (isBegun) continue;
    elements.push(Object.fromEntries(element));
    element = new Map();
  }
  return isBegun ? undefined : elements;
}
