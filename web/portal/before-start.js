/**
 * What `npm start` and start.sh of a clone import before the gateway: the portal's pages are there, and as their
 * sources are, when it listens. Old Nodes must be able to parse it: the gateway tells them what it needs.
 */

import { fileURLToPath } from "node:url";
import { isMainThread } from "node:worker_threads";

// Every thread imports this again; and who asks for help is not kept waiting.
if (process.features.typescript && isMainThread && !process.argv.includes("--help")) {
  const { buildWhenStale } = await import("./build-when-stale.ts");
  const root = fileURLToPath(new URL("../..", import.meta.url));
  await buildWhenStale(root, (line) => process.stderr.write(`${line}\n`));
}
