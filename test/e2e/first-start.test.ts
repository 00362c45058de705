/** The first start of a clone, as the README has it: the portal is there, though nobody built it. */

import { cp, symlink } from "node:fs/promises";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";
import { freePort } from "../support/free-port.ts";
import { startProcess } from "../support/polygate-process.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

/** What a start from source reads. */
const files = ["package.json", "package-lock.json", "tsconfig.json"];
const parts = ["bin", "gen", "models", "src", "web", ...files];

test("`npm start` builds the portal's pages once, and serves them", {
  timeout: 60_000,
}, async () => {
  await using clone = await temporaryFolder();
  for (const part of parts) await cp(resolve(part), join(clone.path, part), { recursive: true });
  await symlink(resolve("node_modules"), join(clone.path, "node_modules"));
  const port = await freePort();
  const { PATH, HOME } = process.env;
  await using gateway = await startProcess({
    command: ["npm", "start", "--", "--host", "127.0.0.1", "--port", `${port}`],
    cwd: clone.path,
    env: { PATH, HOME },
  });
  expect(gateway.output().match(/building the portal's pages/g)).toHaveLength(1);
  const page = await fetch(`${gateway.urls[0]}/portal/`, { headers: { accept: "text/html" } });
  expect(page.status).toBe(200);
  const [, script = ""] = / src="\.\/(assets\/[\w.-]+\.js)"/.exec(await page.text()) ?? [];
  expect((await fetch(`${gateway.urls[0]}/portal/${script}`)).status).toBe(200);
});
