/** Matches JSON against a pattern: objects by subset, lists element by element, and words such as $re. */

type Names = Map<string, string>;

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

const words = new Set(["$any", "$absent", "$json", "$re", "$same", "$contains", "$eq"]);

function parsed(value: unknown): unknown {
  try {
    return JSON.parse(String(value));
  } catch {
    return undefined;
  }
}

/** What of a pattern of words does not fit; undefined when all does. */
function mismatchOfWords(
  actual: unknown,
  pattern: Record<string, unknown>,
  at: string,
  names: Names,
) {
  if ("$absent" in pattern && actual !== undefined && actual !== null) return `${at}: is there`;
  if ("$any" in pattern && actual === undefined) return `${at}: is absent`;
  if ("$eq" in pattern && JSON.stringify(actual) !== JSON.stringify(pattern.$eq)) {
    return `${at}: ${JSON.stringify(actual)} is not ${JSON.stringify(pattern.$eq)}`;
  }
  if ("$re" in pattern && typeof actual !== "string") return `${at}: is no text`;
  if ("$re" in pattern && !new RegExp(String(pattern.$re), "s").test(String(actual))) {
    return `${at}: ${JSON.stringify(actual)} does not match ${pattern.$re}`;
  }
  if ("$contains" in pattern && !String(actual).includes(String(pattern.$contains))) {
    return `${at}: ${JSON.stringify(actual)} does not contain ${pattern.$contains}`;
  }
  if ("$json" in pattern) {
    const inner = mismatch(parsed(actual), pattern.$json, `${at}($json)`, names);
    if (inner !== undefined) return inner;
  }
  if ("$same" in pattern) {
    const name = String(pattern.$same);
    const known = names.get(name);
    if (known === undefined) names.set(name, String(actual));
    else if (known !== actual) return `${at}: ${String(actual)} is not ${known}`;
  }
  return undefined;
}

/** A single text part and its text say the same. */
function textOfPart(value: unknown): unknown {
  if (!Array.isArray(value) || value.length !== 1 || !isObject(value[0])) return value;
  const [part] = value;
  return isObject(part) && typeof part.text === "string" ? part.text : value;
}

/** Where `actual` differs from `pattern`; undefined when it fits. */
export function mismatch(
  actual: unknown,
  pattern: unknown,
  at = "$",
  names: Names = new Map(),
): string | undefined {
  if (pattern === null)
    return actual === null || actual === undefined ? undefined : `${at}: is not null`;
  if (Array.isArray(pattern)) {
    if (typeof actual === "string") return mismatch(actual, textOfPart(pattern), at, names);
    if (!Array.isArray(actual)) return `${at}: is no list: ${JSON.stringify(actual)}`;
    if (actual.length !== pattern.length) {
      return `${at}: has ${actual.length} elements instead of ${pattern.length}: ${JSON.stringify(actual)}`;
    }
    for (const [index, entry] of pattern.entries()) {
      const inner = mismatch(actual[index], entry, `${at}[${index}]`, names);
      if (inner !== undefined) return inner;
    }
    return undefined;
  }
  if (!isObject(pattern)) {
    const value = typeof pattern === "string" ? textOfPart(actual) : actual;
    return value === pattern
      ? undefined
      : `${at}: ${JSON.stringify(actual)} is not ${JSON.stringify(pattern)}`;
  }
  const keys = Object.keys(pattern).filter((key) => key !== "$distinct");
  if (keys.length > 0 && keys.every((key) => words.has(key))) {
    return mismatchOfWords(actual, pattern, at, names);
  }
  if (!isObject(actual)) return `${at}: is no object: ${JSON.stringify(actual)}`;
  for (const key of keys) {
    const inner = mismatch(actual[key], pattern[key], `${at}.${key}`, names);
    if (inner !== undefined) return inner;
  }
  const distinct = pattern.$distinct;
  if (Array.isArray(distinct)) {
    const values = distinct.map((name) => names.get(String(name)));
    if (new Set(values).size !== values.length)
      return `${at}: ${distinct.join(", ")} are not distinct`;
  }
  return undefined;
}
