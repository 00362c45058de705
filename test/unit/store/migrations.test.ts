/** Migrations are numbered without a gap, and their list is written from their files. */

import { copyFileSync, globSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { expect, test } from "vitest";
import { generate } from "#store/migrations/generate.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";

const folder = "src/store/migrations";

/** A copy of the migrations that there are. */
async function copied() {
  const copy = await temporaryFolder();
  for (const file of globSync(`${folder}/[0-9]*.ts`))
    copyFileSync(file, join(copy.path, basename(file)));
  return copy;
}

const listIn = (path: string) => readFileSync(join(path, "list.ts"), "utf8");

test("the list is what `npm run db:generate` makes of the files", async () => {
  await using copy = await copied();
  expect(generate(copy.path)).toEqual(["list.ts"]);
  expect(listIn(copy.path)).toBe(listIn(folder));
});

test("a name adds the file of the next number, in the list as well", async () => {
  await using copy = await copied();
  const count = globSync(`${folder}/[0-9]*.ts`).length;
  const file = `${String(count + 1).padStart(4, "0")}-add-region.ts`;
  expect(generate(copy.path, "add-region")).toEqual([file, "list.ts"]);
  expect(readFileSync(join(copy.path, file), "utf8")).toBe(
    `/** Migration ${count + 1}: . */\n\nexport const sql = \`\n\`;\n`,
  );
  const list = listIn(copy.path);
  expect(list).toContain(`import { sql as sql${count + 1} } from "./${file}";`);
  // Neither the list nor what else lies there is a migration.
  writeFileSync(join(copy.path, "generate.ts"), "");
  expect(generate(copy.path)).toEqual(["list.ts"]);
  expect(listIn(copy.path)).toBe(list);
});

test("a name that is no file's, and numbers with a gap, are refused before anything is written", async () => {
  await using copy = await copied();
  expect(() => generate(copy.path, "../Bad Name")).toThrow("a name is lower-case words");
  writeFileSync(join(copy.path, "0009-later.ts"), "");
  expect(() => generate(copy.path, "next")).toThrow("0009-later.ts is where");
  expect(globSync(`${copy.path}/*next*`)).toEqual([]);
  expect(globSync(`${copy.path}/list.ts`)).toEqual([]);
});
