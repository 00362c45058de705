/**
 * The README and the pages below docs, carried out on a gateway that has no configuration. A block that
 * begins with ```sh start tells how the gateway is started; what stands behind its last `&&` is run, on a
 * free port in place of 8080. In a block that begins with ```sh test every line is a command, run in
 * order from the repository's folder (`test/support/docs-blocks.ts`).
 */

import { execFile } from "node:child_process";
import { globSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { beforeAll, describe, expect, test } from "vitest";
import { parseModelYaml } from "#backends/onnx/model-yaml.ts";
import { loadYaml, problemsOf } from "../support/config-folder.ts";
import { blocksOf, missingIn, trialsIn } from "../support/docs-blocks.ts";
import { errorsTable } from "../support/docs-errors.ts";
import { docsTable } from "../support/docs-table.ts";
import { freePort } from "../support/free-port.ts";
import { startTestGateway } from "../support/gateway.ts";
import { type PolygateProcess, startProcess } from "../support/polygate-process.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { tokenSecret } from "../support/tokens.ts";

const documentedPort = 8080;
/** Pages that need no configuration for their commands; docs-pages.test.ts has the others. */
const pages = [
  "README.md",
  ...globSync("docs/*.md").toSorted(),
  "docs/design/inference.md",
  "docs/design/rate-limits.md",
].filter((page) => page !== "docs/upgrade.md");
/** Secrets that pieces of configuration take from the environment. */
const secrets = { SLACK_WEBHOOK_URL: "https://hooks.example.com/1", ALERT_SECRET: tokenSecret };
const blocks = pages.flatMap((page) => blocksOf(page).map((block) => ({ page, ...block })));
const marked = (kind: string) =>
  blocks.filter(({ language, mark }) => `${language} ${mark}`.trim() === kind);

describe("the README's commands, and those of the pages", () => {
  const [start = ""] = marked("sh start").map(({ code }) => code.split("&&").at(-1)?.trim() ?? "");
  const trials = marked("sh test").flatMap(({ page, code }) =>
    trialsIn(code).map((trial) => ({ page, ...trial })),
  );
  let port: number;
  let gateway: PolygateProcess;

  beforeAll(async () => {
    port = await freePort();
    gateway = await startProcess({ command: ["/bin/sh", "-c", `${start} -- --port ${port}`] });
    return () => gateway[Symbol.asyncDispose]();
  }, 60_000);

  test("there is a way to start, and every command tells what it prints", () => {
    expect(start).toBe("npm start");
    expect(trials.length).toBeGreaterThan(35);
    expect(trials.filter(({ page }) => page === "README.md").length).toBeGreaterThan(4);
    expect(trials.filter(({ prints }) => prints.length === 0)).toEqual([]);
  });

  test.each(trials)("$page: $command", async ({ command, prints }) => {
    const here = command.replaceAll(`localhost:${documentedPort}`, `localhost:${port}`);
    expect(here).not.toBe(command);
    const { stdout } = await promisify(execFile)("/bin/sh", ["-c", here]);
    expect(missingIn(stdout, prints), stdout).toBeUndefined();
  });
});

test("what the first commands of docs/callers.md print lets its holders in", async () => {
  await using folder = await temporaryFolder();
  const block = blocksOf("docs/callers.md").find(({ language }) => language === "sh")?.code ?? "";
  const [key, password] = ["a-key-that-is-long-enough", "a pass word that is long enough"];
  writeFileSync(join(folder.path, "key.txt"), `${key}\n`);
  writeFileSync(join(folder.path, "password.txt"), `${password}\n`);
  const printed: string[] = [];
  for (const line of block.trim().split("\n")) {
    const command = line.replace("< ", `< ${folder.path}/`);
    const env = { ...process.env, SECRET_KEY: tokenSecret };
    const { stdout } = await promisify(execFile)("/bin/sh", ["-c", command], { env });
    printed.push(stdout.trim());
  }
  const [token, sha256, scrypt] = printed;
  await using gateway = await startTestGateway({
    yaml: `
gateway: { host: 127.0.0.1, port: 0 }
auth:
  keys: [{ name: team, key_sha256: ${sha256} }]
  users: [{ name: bob, password_scrypt: "${scrypt}" }]
`,
    env: { SECRET_KEY: tokenSecret },
  });
  const statusOf = async (path: string, authorization: string) =>
    (await fetch(`${gateway.url}${path}`, { headers: { authorization } })).status;
  const basic = `Basic ${Buffer.from(`bob:${password}`).toString("base64")}`;
  const callers = [`Bearer ${key}`, basic, `Bearer ${token}`, `Bearer ${tokenSecret}`];
  const statuses = callers.map(async (caller) => [
    await statusOf("/v1/models", caller),
    await statusOf("/api/v1/requests", caller),
  ]);
  expect(await Promise.all(statuses)).toEqual([
    [200, 403],
    [200, 403],
    [200, 200],
    [401, 401],
  ]);
}, 60_000);

test("the references are those of the schema and of the table of reasons", () => {
  expect(readFileSync("docs/configuration.md", "utf8")).toContain(docsTable());
  expect(readFileSync("docs/errors.md", "utf8")).toContain(errorsTable());
});

test("every piece of configuration is one that starts, and of a model's description one that is read", () => {
  const pieces = marked("yaml");
  expect(pieces.length).toBeGreaterThan(12);
  for (const { code, page } of pieces)
    expect(problemsOf(loadYaml(code, secrets)), `${page}\n${code}`).toEqual([]);
  const models = marked("yaml model.yaml");
  expect(models.length).toBeGreaterThan(6);
  for (const { code } of models) parseModelYaml(Buffer.from(code));
});

test("every dependency is in the table of what it is built with", () => {
  const { dependencies, optionalDependencies } = JSON.parse(
    readFileSync("package.json", "utf8"),
  ) as Readonly<Record<string, Readonly<Record<string, string>>>>;
  const house = readFileSync("docs/design/house.md", "utf8");
  const [, part = ""] = house.split("\n## What it is built with\n");
  const rows = part.split("\n## ")[0]?.split("\n") ?? [];
  const named = rows.flatMap((row) =>
    [...(row.split("|")[1] ?? "").matchAll(/`([^`]+)`/g)].map(([, name]) => name),
  );
  expect(new Set(named)).toEqual(
    new Set(Object.keys({ ...dependencies, ...optionalDependencies })),
  );
});

test("the README is read in under two minutes, at 240 words a minute", () => {
  const words = readFileSync("README.md", "utf8")
    .split(/\s+/)
    .filter((word) => /\w/.test(word));
  expect(words.length).toBeLessThan(480);
});
