/** The README's configuration table, made from the schema: one row a setting. */

import { environmentRows } from "#config/environment.ts";
import { fieldsOf } from "#config/fields.ts";
import { jsonSchema } from "#config/json-schema.ts";
import { pathText } from "#config/problem.ts";
import { serveFlags } from "#config/serve-flags.ts";

/** Markdown, without a line end behind the last row. A test holds the README to it. */
export function docsTable(): string {
  const rows = fieldsOf(jsonSchema()).map(({ path, takes, fallback, description }) => {
    const flag = serveFlags.find((row) => pathText(row.path ?? []) === path);
    const names = environmentRows
      .filter((row) => pathText(row.path.filter((step) => step !== "+")) === path)
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
