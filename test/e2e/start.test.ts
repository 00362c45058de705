/** What `serve` loads to start, and what it says when it cannot. */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { expect, test } from "vitest";
import { fromSource, startProcess } from "../support/polygate-process.ts";
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

test("a hook that cannot be loaded is named with what is wrong, by `serve` and by `check`", async () => {
  await using folder = await temporaryFolder();
  await folder.write("hooks/unsound.mjs", "export default {");
  await folder.write("hooks/empty.mjs", "export default {};");
  const config = await folder.write(
    "gateway.yaml",
    "hooks: [{ name: one, module: hooks/unsound.mjs }, { name: two, module: hooks/empty.mjs }]\n",
  );
  const run = async (command: string) => {
    const [file = "", ...args] = fromSource(command, "--config", config);
    const child = spawn(file, args, { stdio: ["ignore", "ignore", "pipe"] });
    const [err, [code]] = await Promise.all([text(child.stderr), once(child, "close")]);
    expect({ command, code }).toEqual({ command, code: 1 });
    return err;
  };
  const one = `hook one: ${folder.path}/hooks/unsound.mjs cannot be loaded: SyntaxError: Unexpected end of input\n`;
  const two = `hook two: ${folder.path}/hooks/empty.mjs: its default export has neither before nor after\n`;
  expect(await run("check")).toBe(one + two);
  expect(await run("serve")).toBe(`polygate could not start: ${one}`);
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

test("an idle gateway without models has loaded nothing that only some calls need", async () => {
  await using folder = await temporaryFolder();
  await folder.write("models/empty", "");
  const config = await folder.write("gateway.yaml", "models: { path: models }");
  const [file = "", ...args] = fromSource("serve", "--port", "0", "--config", config);
  const probe = new URL("../support/loaded-probe.ts", import.meta.url).href;
  await using gateway = await startProcess({ command: [file, "--import", probe, ...args] });
  expect((await fetch(`${gateway.urls[0]}/livez`)).status).toBe(200);
  expect(await gateway.stop("SIGTERM")).toBe(0);
  const [, list = ""] = /^loaded (.*)$/m.exec(gateway.output()) ?? [];
  const loaded = new Set(list.split(" ; "));
  expect(loaded).toContain("@bufbuild/protovalidate");
  expect(loaded).toContain("node:net");
  expect(loaded).toContain("#services");
  for (const name of [
    "#hooks",
    "#workers",
    "@bufbuild/cel",
    "@grpc/grpc-js",
    "gpt-tokenizer",
    "mathjs",
    "onnxruntime-node",
    "fastify",
    "jose",
    "pg",
    "sharp",
    "node:http",
    "node:http2",
    "node:internal/deps/undici/undici",
  ]) {
    expect(loaded).not.toContain(name);
  }
});
