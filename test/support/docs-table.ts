/** The tables of the references: settings, one row each, made from the schema; run as a program it writes both pages. */

import { readFileSync, writeFileSync } from "node:fs";
import { environmentRows } from "#config/environment.ts";
import { jsonSchema } from "#config/json-schema.ts";
import { serveFlags } from "#config/serve-flags.ts";
import { fieldsOf, rowPathOf } from "#yaml/fields.ts";
import { pathText } from "#yaml/problem.ts";
import { errorsTable } from "./docs-errors.ts";

/** Markdown, without a line end after the last row. A test holds docs/configuration.md to it. */
export function docsTable(): string {
  const schema = jsonSchema();
  const rows = fieldsOf(schema).map(({ path, takes, fallback, description }) => {
    const flag = serveFlags.find((row) => pathText(row.path ?? []) === path);
    const names = environmentRows
      .filter((row) => rowPathOf(schema, row.path) === path)
      .map(({ name }) => code(name));
    const also = [...(flag === undefined ? [] : [code(`--${flag.name}`)]), ...names].join(", ");
    const cells = [
      code(path),
      takes,
      fallback === undefined ? "" : code(fallback),
      also,
      description,
    ];
    return `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  });
  return ["| Setting | Takes | Default | Also | Meaning |", "|---|---|---|---|---|", ...rows].join(
    "\n",
  );
}

function code(text: string): string {
  return `\`${text}\``;
}

/** Puts a table in the place of the one that begins alike. */
function writeTable(page: string, table: string): void {
  const [head = ""] = table.split("\n");
  const text = readFileSync(page, "utf8");
  const start = text.indexOf(head);
  if (start < 0) throw new Error(`${page} has no table that begins with ${head}`);
  const end = text.indexOf("\n\n", start);
  writeFileSync(page, text.slice(0, start) + table + (end < 0 ? "\n" : text.slice(end)));
}

if (import.meta.main) {
  writeTable("docs/configuration.md", docsTable());
  writeTable("docs/errors.md", errorsTable());
}
