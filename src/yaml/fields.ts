/** Every setting of the file as a row (path, type, default, meaning), read from the schema. */

import type { JsonSchema } from "./json-schema.ts";

/** One setting. */
export interface Field {
  /** Path such as `cores[].url`. */
  readonly path: string;
  /** What it takes, such as `duration` or `debug | info`. */
  readonly takes: string;
  /** The default as it is written in a file; absent when there is none. */
  readonly fallback?: string;
  readonly description: string;
}

/** All settings that hold a value, in the order of the schema. */
export function fieldsOf(schema: JsonSchema, path = ""): readonly Field[] {
  return Object.entries(schema.properties ?? {}).flatMap(([key, node]) => {
    const at = path === "" ? key : `${path}.${key}`;
    if (node.properties !== undefined) return fieldsOf(node, at);
    const entry = entryOf(node);
    if (entry !== undefined) return [fieldFrom(at, node), ...fieldsOf(entry, `${at}.*`)];
    if (node.items?.properties !== undefined)
      return [fieldFrom(at, node), ...fieldsOf(node.items, `${at}[]`)];
    return [fieldFrom(at, node)];
  });
}

/** What each entry of a mapping with free names is; undefined for other settings. */
function entryOf({ additionalProperties: entry }: JsonSchema): JsonSchema | undefined {
  if (typeof entry !== "object") return undefined;
  return entry.properties === undefined
    ? entry.anyOf?.find(({ properties }) => properties !== undefined)
    : entry;
}

/** Keys of the mapping at `path`; a number steps into a list. */
export function keysAt(schema: JsonSchema, path: readonly (string | number)[]): readonly string[] {
  let node: JsonSchema | undefined = schema;
  for (const step of path) {
    const found: JsonSchema | undefined =
      typeof step === "number" ? node?.items : node?.properties?.[step];
    node = found ?? (node === undefined ? undefined : entryOf(node));
  }
  const nodes = [node, ...(node?.anyOf ?? []), ...(node?.oneOf ?? [])];
  return [...new Set(nodes.flatMap((one) => Object.keys(one?.properties ?? {})))];
}

/** The path of the row that a path belongs to: a name that is free is `*` there, and `+` steps into nothing. */
export function rowPathOf(schema: JsonSchema, path: readonly (string | number)[]): string {
  let node: JsonSchema | undefined = schema;
  const steps: string[] = [];
  for (const step of path) {
    if (step === "+" || typeof step === "number") continue;
    const own: JsonSchema | undefined = node?.properties?.[step];
    const entry: JsonSchema | undefined = node === undefined ? undefined : entryOf(node);
    steps.push(own === undefined && entry !== undefined ? "*" : step);
    node = own ?? entry;
  }
  return steps.join(".");
}

function fieldFrom(path: string, node: JsonSchema): Field {
  const { default: fallback, description = "" } = node;
  return {
    path,
    takes: takesText(node),
    ...(fallback !== undefined && { fallback: fallbackText(fallback) }),
    description,
  };
}

function takesText(node: JsonSchema): string {
  if (node.items !== undefined) {
    return node.items.properties === undefined ? `list of ${takesText(node.items)}` : "list";
  }
  if (entryOf(node) !== undefined) return "mapping";
  if (node.anyOf !== undefined) return [...new Set(node.anyOf.map(takesText))].join(" | ");
  if (node.enum !== undefined) return node.enum.join(" | ");
  const type = node.title ?? [node.type ?? "text"].flat()[0] ?? "text";
  return { string: "text", boolean: "true | false", integer: "integer" }[type] ?? type;
}

function fallbackText(fallback: unknown): string {
  if (Array.isArray(fallback)) return `[${fallback.join(", ")}]`;
  return typeof fallback === "object" ? JSON.stringify(fallback) : String(fallback);
}
