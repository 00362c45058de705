/** Production as a process: what it does not start with, in the words of `check`, and no debugger once it runs. */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { expect, test } from "vitest";
import { fromSource, startProcess } from "../support/polygate-process.ts";

const key = "f3Qw9-zP0r7Lk2-Tt8vYb1";
const production = { PATH: process.env.PATH, ENVIRONMENT: "production", API_KEY: key };

async function run(command: readonly string[], env: NodeJS.ProcessEnv) {
  const [file = "", ...args] = command;
  const child = spawn(file, args, { stdio: ["ignore", "pipe", "pipe"], env });
  const [out, err, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, "close"),
  ]);
  return { code, out, err };
}

const weak = {
  ...{ API_KEY: "change-me", OPENAI_API_KEY: "your-openai-key", CORS_ORIGINS: "*" },
  DATABASE_URL: "postgres://polygate:password@127.0.0.1:1/x",
};

test("every reason is printed with its cure, by check and by serve alike", async () => {
  const env = { ...production, ...weak };
  const checked = await run(fromSource("check"), env);
  const served = await run(fromSource("serve", "--port", "0"), env);
  expect(served).toEqual({ ...checked, out: "" });
  expect(checked.code).toBe(1);
  const lines = checked.err.trim().split("\n");
  expect(lines).toHaveLength(3);
  for (const line of lines) expect(line).toMatch(/\(hint: .+\)$/);
});

test.each([
  { name: "a flag", flags: ["--inspect=127.0.0.1:0"], env: {}, found: "--inspect lets" },
  {
    name: "NODE_OPTIONS",
    flags: [],
    env: { NODE_OPTIONS: "--inspect=127.0.0.1:0" },
    found: "--inspect in NODE_OPTIONS lets",
  },
])("a debugger by $name is refused", async ({ flags, env, found }) => {
  const [node = "", ...args] = fromSource("check");
  const { code, err } = await run([node, ...flags, ...args], { ...production, ...env });
  expect(code).toBe(1);
  expect(err).toContain(`environment: may not be production with a debugger: ${found}`);
});

test("SIGUSR1 opens no debugger in production", async () => {
  const command = fromSource("serve", "--port", "0");
  await using gateway = await startProcess({ command, env: production });
  process.kill(gateway.pid, "SIGUSR1");
  while (!gateway.output().includes("production opens no debugger")) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  expect(await gateway.stop("SIGTERM")).toBe(0);
  expect(gateway.output()).not.toContain("Debugger listening");
});
