/** `npm run db:generate -- NAME` adds the file of a migration, its SQL left to write; with and without a name it writes their list again. */

import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const filePattern = /^(\d{4})-[a-z0-9]+(-[a-z0-9]+)*\.ts$/;

/** Numbers of migrations have four digits. */
function numberText(index: number): string {
  return String(index + 1).padStart(4, "0");
}

/** The files of migrations in their order. Throws when their numbers are not 1, 2, 3 and so on. */
function migrationFiles(folder: string): readonly string[] {
  const files = readdirSync(folder)
    .filter((file) => filePattern.test(file))
    .toSorted((one, other) => (one < other ? -1 : 1));
  for (const [index, file] of files.entries()) {
    const number = numberText(index);
    if (!file.startsWith(number)) throw new Error(`${file} is where ${number}-… should be`);
  }
  return files;
}

/** The text of `list.ts`. */
function listText(files: readonly string[]): string {
  const imports = files.map((file, index) => `import { sql as sql${index + 1} } from "./${file}";`);
  const rows = files.map(
    (file, index) => `  { name: "${file.replace(/\.ts$/, "")}", sql: sql${index + 1} },`,
  );
  return `/** The migrations in their order; \`npm run db:generate\` writes this file from those next to it. */

${imports.join("\n")}

/** Each is run once by a database, the number of the last one is its version. */
export const migrations: readonly { readonly name: string; readonly sql: string }[] = [
${rows.join("\n")}
];
`;
}

/** Adds a migration of this name, if there is one, and writes the list. Gives the names of the files that it wrote. */
export function generate(folder: string, name?: string): readonly string[] {
  const known = migrationFiles(folder);
  const added = name === undefined ? [] : [`${numberText(known.length)}-${name}.ts`];
  for (const file of added) {
    if (!filePattern.test(file)) {
      throw new Error("a name is lower-case words with - between them, such as add-region");
    }
    const text = `/** Migration ${known.length + 1}: . */\n\nexport const sql = \`\n\`;\n`;
    writeFileSync(join(folder, file), text);
  }
  writeFileSync(join(folder, "list.ts"), listText([...known, ...added]));
  return [...added, "list.ts"];
}

if (import.meta.main) {
  try {
    const written = generate(import.meta.dirname, process.argv[2]);
    process.stdout.write(`written: ${written.join(", ")}\n`);
  } catch (thrown) {
    process.stderr.write(`${thrown instanceof Error ? thrown.message : thrown}\n`);
    process.exitCode = 1;
  }
}
