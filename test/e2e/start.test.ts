/** What `serve` says when it cannot start. */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { expect, test } from "vitest";
import { fromSource } from "../support/polygate-process.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

test("a model repository that is no folder is named with its setting", async () => {
  await using folder = await temporaryFolder();
  const path = await folder.write("models", "a file");
  const config = await folder.write("gateway.yaml", "models: { path: models }");
  const [file = "", ...args] = fromSource("serve", "--port", "0", "--config", config);
  const child = spawn(file, args, { stdio: ["ignore", "ignore", "pipe"] });
  const [err, [code]] = await Promise.all([text(child.stderr), once(child, "close")]);
  expect(code).toBe(1);
  expect(err).toBe(`polygate could not start: models.path: ${path} cannot be read (ENOTDIR)\n`);
});
