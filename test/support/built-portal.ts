/** The portal as `npm run build:portal` builds it, in a folder of its own. */

import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "vite";
import { temporaryFolder } from "./temporary-folder.ts";

const configFile = fileURLToPath(new URL("../../web/portal/vite.config.ts", import.meta.url));

/** Builds it; disposing removes it. */
export async function builtPortal(): Promise<{ readonly path: string } & AsyncDisposable> {
  const folder = await temporaryFolder();
  const path = join(folder.path, "portal");
  await build({ configFile, logLevel: "warn", build: { outDir: path } });
  return { path, [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose]() };
}
