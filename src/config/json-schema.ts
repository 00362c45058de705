/** The configuration file's JSON Schema, for editors and for the texts that list the keys. */

import { z } from "zod";
import type { JsonSchema } from "#yaml/json-schema.ts";
import { fileSchema } from "./schema.ts";

/** JSON Schema (draft 2020-12) of what may be written; `polygate check --schema` prints it. */
export function jsonSchema(): JsonSchema {
  const schema = z.toJSONSchema(fileSchema, { io: "input" }) as JsonSchema;
  return { ...schema, title: "Polygate configuration" };
}
