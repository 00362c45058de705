/**
 * The blocks of code of the pages, and what their marks mean; and how those of docs/clients are carried
 * out: on a gateway whose model `fast` says "Hello there". In a block that is marked `test` each line is
 * a command; a line `# → …` tells what the one above it prints: the texts between ellipses come in that
 * order, and spaces count as one.
 */

import { execFile } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { promisify } from "node:util";
import { startTestGateway } from "./gateway.ts";
import { python } from "./needs.ts";
import { startProvider } from "./provider-double.ts";

/** A block of code. */
export interface DocsBlock {
  readonly language: string;
  /** What stands behind the language: in ```` ```python run ````, `run`; empty when nothing does. */
  readonly mark: string;
  readonly code: string;
}

/** All blocks of a page, in their order. */
export function blocksOf(page: string): readonly DocsBlock[] {
  const found = readFileSync(page, "utf8").matchAll(/^```(\w*) ?(.*)\n([\s\S]*?)^```$/gm);
  return Array.from(found, ([, language = "", mark = "", code = ""]) => ({ language, mark, code }));
}

/** A command, and what it prints. */
export interface Trial {
  readonly command: string;
  /** Texts in the order in which they are printed. */
  readonly prints: readonly string[];
}

/** The commands of a block that is marked `test`. */
export function trialsIn(code: string): readonly Trial[] {
  const trials: { command: string; prints: readonly string[] }[] = [];
  for (const line of code.split("\n").filter((text) => text.trim() !== "")) {
    const last = trials.at(-1);
    if (/^# → /.test(line) && last !== undefined) last.prints = [...last.prints, ...printsIn(line)];
    else trials.push({ command: line, prints: [] });
  }
  return trials;
}

/** What the lines `# → …` and `// → …` of a text say that it prints. */
export function printsIn(code: string): readonly string[] {
  const told = Array.from(code.matchAll(/^(?:#|\/\/) → (.*)$/gm), ([, text = ""]) => text);
  return told.flatMap((text) => text.split("…").map(squeezed)).filter((text) => text !== "");
}

/** The first of `texts` that does not come behind the ones before it; undefined when all do. */
export function missingIn(output: string, texts: readonly string[]): string | undefined {
  const whole = squeezed(output);
  let from = 0;
  return texts.find((text) => {
    const at = whole.indexOf(text, from);
    from = at + text.length;
    return at < 0;
  });
}

function squeezed(text: string): string {
  return text.replaceAll(/\s+/g, " ").trim();
}

const folder = "docs/clients";

/** The pages of docs/clients with their marked blocks. */
export const docsPages: readonly {
  readonly name: string;
  readonly blocks: readonly DocsBlock[];
}[] = readdirSync(folder).map((name) => ({
  name,
  blocks: blocksOf(`${folder}/${name}`).filter(({ mark }) => mark !== ""),
}));

/** What a block printed, and how often it greets. */
interface DocsRun {
  readonly stdout: string;
  /** How often "Hello there" is in it. */
  readonly said: number;
  /** How often the provider was asked. */
  readonly asked: number;
}

/** Where blocks are run. */
export interface DocsRunner extends AsyncDisposable {
  /** Runs a block as it stands, on this gateway in place of port 8080. */
  run(block: DocsBlock): Promise<DocsRun>;
}

/** Starts a gateway for the blocks. */
export async function startDocsRunner(): Promise<DocsRunner> {
  await using opening = new AsyncDisposableStack();
  const provider = opening.use(await startProvider("anthropic"));
  const yaml = `
gateway: { host: 127.0.0.1, port: 0 }
auth: { keys: [{ name: docs, key: your-gateway-key }] }
providers: { double: { dialect: anthropic, base_url: "${provider.url}", api_key: upstream-key } }
routes: { fast: double/double }
`;
  const gateway = opening.use(await startTestGateway({ yaml }));
  // Inside of the repository, so that packages are found.
  const scratch = `.cache/docs-clients-${process.pid}`;
  mkdirSync(scratch, { recursive: true });
  opening.defer(() => rmSync(scratch, { recursive: true }));
  const owned = opening.move();
  return {
    async run({ language, code }) {
      const before = provider.received.length;
      const here = code.replaceAll("http://localhost:8080", gateway.url);
      if (here === code) throw new Error("the block does not name the gateway");
      const [file, args] = commandOf(language, here, scratch);
      const env = { PATH: process.env.PATH, NODE_PATH: "node_modules" };
      const { stdout } = await promisify(execFile)(file, args, { env });
      const said = stdout.split("Hello there").length - 1;
      return { stdout, said, asked: provider.received.length - before };
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** How a block of a language is run; programs of TypeScript are left in the folder `scratch`. */
export function commandOf(
  language: string,
  code: string,
  scratch: string,
): readonly [file: string, args: string[]] {
  switch (language) {
    case "sh":
      return ["/bin/sh", ["-c", code]];
    case "python":
      return [python, ["-c", code]];
    default: {
      const path = `${scratch}/${code.length}.ts`;
      writeFileSync(path, code);
      return [process.execPath, [path]];
    }
  }
}
