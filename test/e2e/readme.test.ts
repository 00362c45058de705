/**
 * The README, carried out. A block that begins with ```sh start tells how the gateway is started;
 * what stands behind its last `&&` is run, on a free port in place of 8080. In a block that begins
 * with ```sh test every line is a command, run in order from the repository's folder; a line
 * `# → …` below it tells what it prints: the texts between ellipses come in that order, and spaces
 * count as one.
 */

import { execFile } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { beforeAll, describe, expect, test } from "vitest";
import { loadYaml, problemsOf } from "../support/config-folder.ts";
import { docsTable } from "../support/docs-table.ts";
import { freePort } from "../support/free-port.ts";
import { startTestGateway } from "../support/gateway.ts";
import { type PolygateProcess, startProcess } from "../support/polygate-process.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { tokenSecret } from "../support/tokens.ts";

const readme = readFileSync("README.md", "utf8");
const documentedPort = 8080;

/** The lines of all blocks that begin so. */
function linesOf(kind: string): readonly string[] {
  const blocks = [...readme.matchAll(/^```(.*)\n([\s\S]*?)^```$/gm)];
  return blocks.flatMap(([, info, text = ""]) =>
    info === kind ? text.split("\n").filter((line) => line.trim() !== "") : [],
  );
}

interface Trial {
  readonly command: string;
  /** Texts in the order in which they are printed. */
  readonly prints: readonly string[];
}

function trialsIn(lines: readonly string[]): readonly Trial[] {
  const trials: { command: string; prints: string[] }[] = [];
  for (const line of lines) {
    if (line.startsWith("# → ")) {
      const texts = line.slice(4).split("…").map(squeezed);
      trials.at(-1)?.prints.push(...texts.filter((text) => text !== ""));
    } else trials.push({ command: line, prints: [] });
  }
  return trials;
}

function squeezed(text: string): string {
  return text.replaceAll(/\s+/g, " ").trim();
}

/** The first of `texts` that does not come behind the ones before it; undefined when all do. */
function missing(output: string, texts: readonly string[]): string | undefined {
  let from = 0;
  return texts.find((text) => {
    const at = output.indexOf(text, from);
    from = at + text.length;
    return at < 0;
  });
}

describe("the README's commands", () => {
  const [start = ""] = linesOf("sh start").map((line) => line.split("&&").at(-1)?.trim() ?? "");
  const trials = trialsIn(linesOf("sh test"));
  let port: number;
  let gateway: PolygateProcess;

  beforeAll(async () => {
    port = await freePort();
    gateway = await startProcess({ command: ["/bin/sh", "-c", `${start} -- --port ${port}`] });
    return () => gateway[Symbol.asyncDispose]();
  }, 60_000);

  test("there is a way to start, and every command tells what it prints", () => {
    expect(start).toBe("npm start");
    expect(trials.length).toBeGreaterThan(8);
    expect(trials.filter(({ prints }) => prints.length === 0)).toEqual([]);
  });

  test.each(trials)("$command", async ({ command, prints }) => {
    const here = command.replaceAll(`localhost:${documentedPort}`, `localhost:${port}`);
    expect(here).not.toBe(command);
    const { stdout } = await promisify(execFile)("/bin/sh", ["-c", here]);
    const output = squeezed(stdout);
    expect(missing(output, prints), output).toBeUndefined();
  });
});

test("what the commands of `Who may call` print lets its holders in", async () => {
  await using folder = await temporaryFolder();
  const [, part = ""] = readme.split("\n## Who may call\n");
  const [, block = ""] = /^```sh\n([\s\S]*?)^```$/m.exec(part) ?? [];
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

test("the configuration table is the schema's", () => {
  expect(readme).toContain(docsTable());
});

test("every piece of configuration is one that starts", () => {
  const pieces = [...readme.matchAll(/^```yaml\n([\s\S]*?)^```$/gm)].map(([, yaml = ""]) => yaml);
  expect(pieces.length).toBeGreaterThan(0);
  for (const yaml of pieces) expect(problemsOf(loadYaml(yaml)), yaml).toEqual([]);
});

test("every dependency is in the table of what it is built with", () => {
  const { dependencies, optionalDependencies } = JSON.parse(
    readFileSync("package.json", "utf8"),
  ) as Readonly<Record<string, Readonly<Record<string, string>>>>;
  const [, part = ""] = readme.split("\n## What it is built with\n");
  const rows = part.split("\n## ")[0]?.split("\n") ?? [];
  const named = rows.flatMap((row) =>
    [...(row.split("|")[1] ?? "").matchAll(/`([^`]+)`/g)].map(([, name]) => name),
  );
  expect(new Set(named)).toEqual(
    new Set(Object.keys({ ...dependencies, ...optionalDependencies })),
  );
});
