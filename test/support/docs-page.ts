/**
 * A page of docs, carried out from its first block to its last, in a folder that is like a clone. What a
 * block's mark means: the name of a file writes it there; `start` starts a gateway or a core by each line
 * and waits until it listens; `test` runs its lines as trials; `run` runs the whole block, which prints
 * what its lines `→` say. Ports and addresses of the page stand for others.
 */

import { execFile } from "node:child_process";
import { cp, mkdir, rm, symlink, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { promisify } from "node:util";
import {
  blocksOf,
  commandOf,
  type DocsBlock,
  missingIn,
  printsIn,
  trialsIn,
} from "./docs-blocks.ts";
import { freePort } from "./free-port.ts";
import { startProcess } from "./polygate-process.ts";

/** Where a page is carried out. */
export interface PageFacts {
  /** Texts of the page, and what stands in their place, such as the address of a double. */
  readonly places?: Readonly<Record<string, string>>;
  /** Environment of all its commands, beside PATH. */
  readonly env?: Readonly<Record<string, string>>;
  /** Folders of a clone that the page builds in, copied for it. */
  readonly copied?: readonly string[];
}

/** A page in progress. Disposing of it ends what it has started, and removes its folder. */
export interface PageRun extends AsyncDisposable {
  /** The page's blocks, in their order. */
  readonly blocks: readonly DocsBlock[];
  /** The folder with its files. */
  readonly folder: string;
  /** What stands in the place of a text of the page. */
  here(text: string): string;
  /** Carries one block out; throws when it does not print what it says. */
  carryOut(block: DocsBlock): Promise<void>;
}

/** The pages of docs/start that are about a language's client; they have a test of their own. */
export const languagePages: readonly string[] = ["go", "java", "python", "rust", "typescript"].map(
  (language) => `docs/start/${language}.md`,
);

/** Ports that pages write. */
const pagePorts = [8080, 8081, 8443, 5173, 50051, 50052, 50053];
const linked = "bin gen models node_modules package.json proto src web".split(" ");

/** The programs that pages call: this Node, npm and what the machine has. */
const path = `${dirname(process.execPath)}:${resolve("node_modules/.bin")}:${process.env.PATH}`;

let pagesBegun = 0;

/** Begins a page: its folder is there, nothing is started. */
export async function beginPage(
  page: string,
  { places = {}, env: more = {}, copied = [] }: PageFacts = {},
): Promise<PageRun> {
  await using opening = new AsyncDisposableStack();
  pagesBegun += 1;
  // Beneath the repository, so that packages are found; what a page writes is its own.
  const folder = resolve(`.cache/docs-page-${process.pid}-${pagesBegun}`);
  await mkdir(folder, { recursive: true });
  opening.defer(() => rm(folder, { recursive: true }));
  for (const name of linked) await symlink(resolve(name), join(folder, name));
  for (const name of copied) {
    // What was built there before stays there.
    const filter = (path: string) => !/\/(dist|target|__pycache__)$/.test(path);
    await cp(name, join(folder, name), { recursive: true, filter });
  }
  const ports = new Map<string, string>();
  for (const port of pagePorts) ports.set(String(port), String(await freePort()));
  const env = { PATH: path, HOME: folder, NODE_PATH: "node_modules", ...more };
  const here = (text: string) => {
    let placed = text;
    for (const [from, to] of Object.entries(places)) placed = placed.replaceAll(from, to);
    return placed.replaceAll(/\b\d{4,5}\b/g, (number) => ports.get(number) ?? number);
  };
  const ran = async (file: string, args: readonly string[]) =>
    (await promisify(execFile)(file, args, { cwd: folder, env })).stdout;
  const expectPrinted = (command: string, stdout: string, prints: readonly string[]) => {
    const missing = missingIn(stdout, prints);
    if (missing !== undefined) throw new Error(`${command}\nlacks ${missing} in:\n${stdout}`);
  };
  const owned = opening.move();
  return {
    blocks: blocksOf(page),
    folder,
    here,
    async carryOut({ language, mark, code: written }) {
      const code = here(written);
      if (mark === "start") {
        for (const command of code.trim().split("\n")) {
          const started = await startProcess({
            command: ["/bin/sh", "-c", command],
            cwd: folder,
            env,
          });
          owned.use(started);
        }
      } else if (mark === "test") {
        for (const { command, prints } of trialsIn(code)) {
          if (prints.length === 0) throw new Error(`${command} says nothing of what it prints`);
          expectPrinted(command, await ran("/bin/sh", ["-c", command]), prints);
        }
      } else if (mark === "run") {
        const [file, args] = commandOf(language, code, folder);
        expectPrinted(code, await ran(file, args), printsIn(code));
      } else if (mark.includes(".")) {
        const [top = ""] = mark.split("/");
        if (linked.includes(top)) throw new Error(`${mark} would be written into the repository`);
        await mkdir(dirname(join(folder, mark)), { recursive: true });
        await writeFile(join(folder, mark), code);
      } else throw new Error(`a block of ${language} that is marked "${mark}" is not carried out`);
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
