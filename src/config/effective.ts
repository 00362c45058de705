/** The configuration as it is in force, each value with where it comes from, and no secret. Pure. */

import type { ProviderSettings } from "#backends/llm/provider-settings.ts";
import { redacted } from "#core/redact.ts";
import { type Draft, placeOf } from "#yaml/draft.ts";
import type { JsonSchema } from "#yaml/json-schema.ts";
import { type Path, pathText } from "#yaml/problem.ts";
import { shownValue } from "./shown-value.ts";

/** One setting. */
export interface EffectiveValue {
  /** Such as `cores[0].url`. */
  readonly path: string;
  /** As it was written; `[redacted]` for what may be a secret. */
  readonly value: string;
  /** `default`, `environment NAME`, `flag --name`, or file, line and column. */
  readonly source: string;
}

const isTree = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null;

/** What a setting takes, of several ways that which has the key. */
function schemaAt(schema: JsonSchema | undefined, step: string | number): JsonSchema | undefined {
  if (schema === undefined) return undefined;
  const ways = [schema, ...(schema.anyOf ?? []), ...(schema.oneOf ?? [])];
  for (const way of ways) {
    const entry =
      typeof way.additionalProperties === "object" ? way.additionalProperties : undefined;
    const found = typeof step === "number" ? way.items : (way.properties?.[step] ?? entry);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Walks values and schema side by side; a class because what is found grows. */
class Walk {
  readonly values: EffectiveValue[] = [];
  readonly #draft: Draft;

  constructor(draft: Draft) {
    this.#draft = draft;
  }

  /** What is set at `path`, and what its schema has by default. `key` is the last step that is a name. */
  value(value: unknown, path: Path, key: string, schema: JsonSchema | undefined): void {
    const known = Array.isArray(value) ? [] : Object.keys(schema?.properties ?? {});
    const names = isTree(value) ? [...new Set([...known, ...Object.keys(value)])] : [];
    if (!isTree(value) || names.length === 0) {
      this.#add(value, path, { key, schema, source: placeOf(this.#draft, path) ?? "default" });
      return;
    }
    for (const name of names) {
      const step = Array.isArray(value) ? Number(name) : name;
      const inner = [...path, step];
      const next = schemaAt(schema, step);
      const innerKey = typeof step === "number" ? key : step;
      if (Object.hasOwn(value, name)) this.value(value[name], inner, innerKey, next);
      else this.#absent(inner, innerKey, next);
    }
  }

  /** What holds where nothing is set. A section without a default is off: its keys have no effect. */
  #absent(path: Path, key: string, schema: JsonSchema | undefined): void {
    if (schema?.default === undefined) return;
    if (schema.properties === undefined) {
      this.#add(schema.default, path, { key, schema, source: "default" });
    } else this.value({}, path, key, schema);
  }

  #add(
    value: unknown,
    path: Path,
    {
      key,
      schema,
      source,
    }: {
      readonly key: string;
      readonly schema: JsonSchema | undefined;
      readonly source: string;
    },
  ): void {
    const at = pathText(path);
    const isFilled = this.#draft.filled.has(at);
    this.values.push({ path: at, value: shownValue(value, { key, schema, isFilled }), source });
  }
}

/** Every value that is set, or has a default, in the order of the schema. */
export function effectiveValues(
  { draft, schema }: { readonly draft: Draft; readonly schema: JsonSchema },
  providers: readonly Pick<ProviderSettings, "name" | "source">[],
): readonly EffectiveValue[] {
  const walk = new Walk(draft);
  walk.value(draft.root, [], "", schema);
  // What the environment alone has switched on stands in no section.
  const switchedOn = providers
    .filter(({ source }) => source.startsWith("environment "))
    .map(({ name, source }) => ({
      path: pathText(["providers", name, "api_key"]),
      value: redacted,
      source,
    }));
  return [...walk.values, ...switchedOn];
}
