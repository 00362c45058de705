/**
 * What `npm start` and start.sh of a clone run: the portal's pages are built where they are missing or older than their
 * sources, and then the gateway starts. Old Nodes must be able to parse it: the gateway tells them what it needs.
 */

import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";

// Who asks for help is not kept waiting.
if (process.features.typescript && !process.argv.includes("--help")) {
  const { buildWhenStale } = await import("./build-when-stale.ts");
  const root = fileURLToPath(new URL("../..", import.meta.url));
  await buildWhenStale(root, (line) => process.stderr.write(`${line}\n`));
}

createRequire(import.meta.url)("../../bin/polygate.cjs");
