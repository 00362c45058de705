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

test("HTTP rules in each other's way are named with their place, by `serve` and by `check`", async () => {
  await using folder = await temporaryFolder();
  const config = await folder.write(
    "gateway.yaml",
    "rest:\n  rules:\n    - selector: polygate.v1.ChatService.Query\n      get: /models\n",
  );
  for (const command of ["serve", "check"]) {
    const [file = "", ...args] = fromSource(command, "--config", config);
    const child = spawn(file, args, { stdio: ["ignore", "ignore", "pipe"] });
    const [err, [code]] = await Promise.all([text(child.stderr), once(child, "close")]);
    expect({ command, code }).toEqual({ command, code: 1 });
    expect(err).toMatch(/gateway\.yaml:4:12: rest\.rules\[0\]\.get: /);
    expect(err).toMatch(/ChatService\.Query and \S+ListModelsByBackend both take GET \/models\n$/);
  }
});
