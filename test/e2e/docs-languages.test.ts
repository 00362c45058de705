/**
 * The quick starts by language of docs/start, each carried out from top to bottom by `npm run
 * test:clients`: what they install and build takes minutes.
 */

import { expect, test } from "vitest";
import { beginPage, languagePages } from "../support/docs-page.ts";
import { missingProgram, missingPythonPackage, testWith } from "../support/needs.ts";

const isAsked = process.env.CLIENTS_TEST !== undefined;
if (!isAsked) console.log("skipped: `npm run test:clients` asks for quick starts by language");
const longWith = (missing: string | undefined) => (isAsked ? testWith(missing) : test.skip);

const rows: ReadonlyMap<string, typeof test | typeof test.skip> = new Map(
  Object.entries({
    "docs/start/go.md": longWith(missingProgram("go")),
    "docs/start/java.md": longWith(missingProgram("mvn")),
    "docs/start/python.md": longWith(missingPythonPackage("venv")),
    "docs/start/rust.md": longWith(missingProgram("cargo")),
    "docs/start/typescript.md": longWith(undefined),
  }),
);

test("each language has a page", () => {
  expect([...rows.keys()]).toEqual(languagePages);
});

for (const [page, row] of rows) {
  row(
    `${page} does what it says`,
    async () => {
      // What builds remember is in the home of whoever runs this.
      const env = { HOME: process.env.HOME ?? "" };
      await using run = await beginPage(page, { env, copied: ["clients"] });
      for (const block of run.blocks) await run.carryOut(block);
    },
    900_000,
  );
}
