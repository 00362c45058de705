/** docs/performance.md: its tables, each as its own last run left it, with what it was measured with. */

import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { cpus, release, totalmem, type } from "node:os";
import type { Effort } from "./contest.ts";
import { loadProgram } from "./load.ts";
import { isInstalled, versionOf } from "./programs.ts";
import { markdownOf, type Table } from "./table.ts";

const marker = /^<!-- bench ([\w/-]+) -->$/m;

/** A table that was measured, and how. */
export interface Measured {
  /** Its suite's name, title, and names of tables in their order. */
  readonly suite: {
    readonly name: string;
    readonly title: string;
    readonly tables: readonly string[];
  };
  /** Name by which it is asked for within its suite. */
  readonly name: string;
  readonly table: Table;
  readonly effort: Effort;
  readonly began: Date;
}

/**
 * The page with this table in the place of its last run, all others as they are. What stands ahead of
 * the first table stays; tables that their suite has no more are left out.
 */
export function pageWith(page: string, measured: Measured, facts: string): string {
  const { suite, name, table } = measured;
  const [preface = "", ...parts] = page.split(marker);
  const sections = new Map<string, string>();
  for (let index = 0; index + 1 < parts.length; index += 2) {
    sections.set(parts[index] ?? "", (parts[index + 1] ?? "").trim());
  }
  sections.set(suite.name, `## ${suite.title}`);
  sections.set(`${suite.name}/${name}`, markdownOf(table, facts));
  for (const section of sections.keys()) {
    const [of, its] = section.split("/");
    if (of === suite.name && its !== undefined && !suite.tables.includes(its)) {
      sections.delete(section);
    }
  }
  const place = (section: string) => {
    const [of, its] = section.split("/");
    if (its === undefined) return -1;
    return of === suite.name ? suite.tables.indexOf(its) : 0;
  };
  const texts = [...sections]
    // Stable: tables of other suites keep their order.
    .toSorted(
      ([one], [other]) =>
        (one.split("/")[0] ?? "").localeCompare(other.split("/")[0] ?? "") ||
        place(one) - place(other),
    )
    .map(([of, text]) => `<!-- bench ${of} -->\n\n${text}\n`);
  return [`${preface.trim()}\n`, ...texts].join("\n");
}

/** Writes a table into the page. */
export function writeTable(file: URL, measured: Measured): void {
  writeFileSync(file, pageWith(readFileSync(file, "utf8"), measured, factsOf(measured)));
}

/** What a table was measured with, as a sentence. */
function factsOf({ suite, name, effort: { rounds, seconds }, began }: Measured): string {
  const model = cpus()[0]?.model ?? "unknown processor";
  const memoryGb = Math.round(totalmem() / 1e9);
  const programs = [
    `Node ${process.versions.node}`,
    ...versions("go", "version"),
    ...versions("nginx", "-v"),
    ...versions("haproxy", "-v"),
  ];
  return [
    `\`npm run bench ${suite.name}/${name} ${rounds} ${seconds}\`, ${began.toISOString().slice(0, 16).replace("T", " ")} UTC${commit()};`,
    `${cpus().length} cores of ${model}, ${memoryGb} GB, ${type()} ${release()};`,
    `${programs.join("; ")}; load by ${loadProgram}.`,
  ].join("\n");
}

function versions(program: string, ...args: readonly string[]): readonly string[] {
  return isInstalled(program) ? [versionOf(program, ...args)] : [];
}

/** The commit that was measured, where this is a checkout. */
function commit(): string {
  try {
    const git = (...args: readonly string[]) => execFileSync("git", args, { encoding: "utf8" });
    const isChanged = git("status", "--porcelain", "--", "src").trim() !== "";
    return `, commit ${git("rev-parse", "--short", "HEAD").trim()}${isChanged ? " and changes" : ""}`;
  } catch {
    return "";
  }
}
