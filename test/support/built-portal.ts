/** The portal as `npm run build:portal` builds it, in a folder of its own. */

import { execFile } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { temporaryFolder } from "./temporary-folder.ts";

const pathOf = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url));

/** Builds it; disposing removes it. */
export async function builtPortal(): Promise<{ readonly path: string } & AsyncDisposable> {
  const folder = await temporaryFolder();
  const path = join(folder.path, "portal");
  const program = pathOf("node_modules/vite/bin/vite.js");
  const flags = ["build", "-c", pathOf("web/portal/vite.config.ts"), "--outDir", path];
  // A process of its own: in one that tests run in, React would be built as for development.
  const env = { ...process.env, NODE_ENV: "production" };
  await promisify(execFile)(process.execPath, [program, ...flags], { env });
  return { path, [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose]() };
}
