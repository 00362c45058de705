/** The configuration file's JSON Schema, for editors and for the texts that list the keys. */

import { z } from "zod";
import { fileSchema } from "./schema.ts";

/** A JSON Schema node as far as this project's own schema goes. */
export interface JsonSchema {
  readonly type?: string | readonly string[];
  readonly title?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly enum?: readonly unknown[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly items?: JsonSchema;
  /** What each entry of a mapping with free names is. */
  readonly additionalProperties?: boolean | JsonSchema;
  readonly anyOf?: readonly JsonSchema[];
}

/** JSON Schema (draft 2020-12) of what may be written; `polygate check --schema` prints it. */
export function jsonSchema(): JsonSchema {
  const schema = z.toJSONSchema(fileSchema, { io: "input" }) as JsonSchema;
  return { ...schema, title: "Polygate configuration" };
}
