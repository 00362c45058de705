/** A folder as the portal's build leaves it, for tests of how it is served. */

import { brotliCompressSync, gzipSync } from "node:zlib";
import { type TemporaryFolder, temporaryFolder } from "./temporary-folder.ts";

/** The script of the page, long enough that it is worth compressing. */
export const script = `export const text = "${"portal ".repeat(300)}";\n`;

/** Writes the folder `portal` into a new one. */
export async function portalFiles(): Promise<TemporaryFolder & { readonly built: string }> {
  const folder = await temporaryFolder();
  const page = `<!doctype html><html lang="en"><head><base href="./"><title>Portal</title><script src="theme.js"></script><script type="module" src="./assets/index-a1b2c3d4.js"></script></head><body></body></html>`;
  await folder.write("portal/index.html", page);
  await folder.write("portal/theme.js", "document.documentElement.dataset.theme = 'dark';\n");
  const file = "portal/assets/index-a1b2c3d4.js";
  await folder.write(file, script);
  await folder.write(`${file}.br`, brotliCompressSync(script));
  await folder.write(`${file}.gz`, gzipSync(script));
  await folder.write("secret.txt", "outside of the portal");
  return Object.assign(folder, { built: `${folder.path}/portal` });
}
