/** Turns the schema's findings into problems with places and hints. */

import type { z } from "zod";
import { type Draft, placeOf, valueAt } from "./draft.ts";
import { type Field, fieldsOf, keysAt } from "./fields.ts";
import type { JsonSchema } from "./json-schema.ts";
import { nearest } from "./nearest.ts";
import { type Path, type Problem, pathText } from "./problem.ts";

type Issue = z.core.$ZodIssue;

/** Messages for findings without a message of their own. They never contain a value. */
export function issueMessage(issue: z.core.$ZodRawIssue): string {
  if (issue.input === undefined && issue.code !== "unrecognized_keys") return "is required";
  switch (issue.code) {
    case "invalid_type":
      return `expected ${kinds[issue.expected] ?? "a mapping"}, got ${kindOf(issue.input)}`;
    case "invalid_value":
      return `expected ${oneOf(issue.values)}`;
    case "invalid_union":
      return Array.isArray(issue.options)
        ? `expected ${oneOf(issue.options)}`
        : "is not valid here";
    case "too_small":
      return "must not be empty";
    case "too_big":
      return `has more than ${issue.maximum} ${issue.origin === "string" ? "characters" : "entries"}`;
    default:
      return "is not valid here";
  }
}

/** What the schema's words for kinds of values are called; all others are mappings. */
const kinds: Readonly<Record<string, string>> = {
  array: "a list",
  string: "text",
  number: "a number",
};

function oneOf(values: readonly unknown[]): string {
  return values
    .map(String)
    .join(", ")
    .replace(/, ([^,]*)$/, " or $1");
}

function kindOf(value: unknown): string {
  if (value === null) return "nothing";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object") return "a mapping";
  return typeof value === "string" ? "text" : `a ${typeof value}`;
}

/** One problem per issue, one per key where keys are unknown; hints name keys of the schema. */
export function problemsFrom(
  issues: readonly Issue[],
  draft: Draft,
  schema: () => JsonSchema,
): Problem[] {
  return issues.flatMap((issue) => {
    const path = issue.path.map((step) => (typeof step === "number" ? step : String(step)));
    if (issue.code === "unrecognized_keys") {
      return issue.keys.map((key) => unknownKey([...path, key], draft, schema()));
    }
    const value = valueAt(draft.root, path);
    const meant =
      issue.code === "invalid_value" && typeof value === "string"
        ? nearest(value, issue.values.map(String))
        : undefined;
    return [
      {
        where: placeOf(draft, path) ?? "defaults",
        path: pathText(path),
        message: issue.message,
        ...(meant !== undefined && { hint: `did you mean ${meant}?` }),
      },
    ];
  });
}

function unknownKey(path: Path, draft: Draft, schema: JsonSchema): Problem {
  const text = pathText(path);
  const key = String(path.at(-1));
  const sibling = nearest(key, keysAt(schema, path.slice(0, -1)));
  const meant = sibling ?? elsewhere(key, fieldsOf(schema));
  return {
    where: draft.keyPlaces.get(text) ?? placeOf(draft, path) ?? "defaults",
    path: text,
    message: "is not a known key",
    ...(meant !== undefined && { hint: `did you mean ${meant}?` }),
  };
}

/** The first setting of the same name in another section. */
function elsewhere(key: string, fields: readonly Field[]): string | undefined {
  return fields.find(({ path }) => path.endsWith(`.${key}`))?.path;
}
