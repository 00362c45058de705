/** The README's configuration table, made from the schema: one row per setting; run as a program it writes it there. */

import { readFileSync, writeFileSync } from "node:fs";
import { environmentRows } from "#config/environment.ts";
import { jsonSchema } from "#config/json-schema.ts";
import { serveFlags } from "#config/serve-flags.ts";
import { fieldsOf, rowPathOf } from "#yaml/fields.ts";
import { pathText } from "#yaml/problem.ts";

/** Markdown, without a line end after the last row. A test holds the README to it. */
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

if (import.meta.main) {
  const readme = readFileSync("README.md", "utf8");
  const start = readme.indexOf("| Setting | Takes |");
  const end = readme.indexOf("\n\n", start);
  writeFileSync("README.md", readme.slice(0, start) + docsTable() + readme.slice(end));
}
