/** docs/performance.md: one section a suite, each as its last run left it. */

import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { cpus, release, totalmem, type } from "node:os";
import type { Effort } from "./contest.ts";
import { loadProgram } from "./load.ts";
import { versionOf } from "./programs.ts";
import { markdownOf, type Table } from "./table.ts";

const preface = `# Performance

Every figure here is written by \`npm run bench <http2|llm|predict|rpc|workers|all> [rounds] [seconds]\`; none is entered by hand. A single table, such as
\`npm run bench rpc/unary 3 1\`, is measured in half a minute and only printed; \`npm run bench help\` lists them all.
\`npm run bench llm -- --install\` first installs the gateways of others that it compares with, into \`.cache/bench\`.

Each server is a process of its own on one core; load, and whatever stands behind a gateway, run on another. Contenders take turns
round by round, and the tables show medians. CPU is what the kernel charged to the server's process, all threads, divided by the
calls that it answered. \`rate, ours to its\` above 1 and \`CPU, ours to its\` below 1 are in our favour. Compare within a table only:
absolute figures change with the machine and with what else it does.
`;

/** A section under work. */
export interface Section {
  /** Writes what there is so far in the place of the suite's previous section. */
  add(table: Table): void;
}

/** The page, read and written as a whole. */
export class PerformancePage {
  readonly #file: URL;

  constructor(file: URL) {
    this.#file = file;
  }

  /** Begins the section of a suite. */
  section(name: string, facts: { readonly title: string; readonly effort: Effort }): Section {
    const tables: Table[] = [];
    const began = new Date();
    return {
      add: (table) => {
        tables.push(table);
        const sections = new Map(this.#sections());
        const parts = [`## ${facts.title}`, runFacts(name, facts.effort, began)];
        sections.set(name, [...parts, ...tables.map(markdownOf)].join("\n\n"));
        const texts = [...sections]
          .toSorted(([one], [other]) => one.localeCompare(other))
          .map(([of, text]) => `<!-- bench ${of} -->\n\n${text}\n`);
        writeFileSync(this.#file, [preface, ...texts].join("\n"));
      },
    };
  }

  *#sections(): Generator<[name: string, text: string]> {
    if (!existsSync(this.#file)) return;
    const parts = readFileSync(this.#file, "utf8").split(/^<!-- bench (\w+) -->$/m);
    for (let index = 1; index + 1 < parts.length; index += 2) {
      yield [parts[index] ?? "", (parts[index + 1] ?? "").trim()];
    }
  }
}

function runFacts(name: string, { rounds, seconds }: Effort, began: Date): string {
  const model = cpus()[0]?.model ?? "unknown processor";
  const memoryGb = Math.round(totalmem() / 1e9);
  return [
    `- \`npm run bench ${name} ${rounds} ${seconds}\`, ${began.toISOString().slice(0, 16).replace("T", " ")} UTC`,
    `- ${cpus().length} cores of ${model}, ${memoryGb} GB, ${type()} ${release()}`,
    `- Node ${process.versions.node}; ${versionOf("go", "version")}; ${versionOf("nginx", "-v")}; load by ${loadProgram}`,
  ].join("\n");
}
