/**
 * The README, carried out. A block that begins with ```sh start tells how the gateway is started;
 * what stands behind its last `&&` is run, on a free port in place of 8080. In a block that begins
 * with ```sh test every line is a command, run in order from the repository's folder; a line
 * `# → …` below it tells what it prints: the texts between ellipses come in that order, and spaces
 * count as one.
 */

import { execFile } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { promisify } from "node:util";
import { beforeAll, describe, expect, test } from "vitest";
import { loadYaml, problemsOf } from "../support/config-folder.ts";
import { docsTable } from "../support/docs-table.ts";
import { freePort } from "../support/free-port.ts";
import { type PolygateProcess, startProcess } from "../support/polygate-process.ts";

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

test("the configuration table is the schema's", () => {
  expect(readme).toContain(docsTable());
});

test("every piece of configuration is one that starts", () => {
  const pieces = [...readme.matchAll(/^```yaml\n([\s\S]*?)^```$/gm)].map(([, yaml = ""]) => yaml);
  expect(pieces.length).toBeGreaterThan(0);
  for (const yaml of pieces) expect(problemsOf(loadYaml(yaml)), yaml).toEqual([]);
});

test("every relative link leads somewhere", () => {
  const links = [...readme.matchAll(/\]\((?!https?:|#)([^)]+)\)/g)].map(([, path = ""]) => path);
  expect(links.length).toBeGreaterThan(0);
  expect(links.filter((path) => !existsSync(path))).toEqual([]);
});
