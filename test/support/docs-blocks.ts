/** The blocks of docs/clients, and how they are carried out: on a gateway whose model `fast` says "Hello there". */

import { execFile } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { promisify } from "node:util";
import { startTestGateway } from "./gateway.ts";
import { python } from "./needs.ts";
import { startProvider } from "./provider-double.ts";

/** A block of code that is marked: in ```` ```python run ````, `run` is the mark. */
interface DocsBlock {
  readonly language: string;
  readonly mark: string;
  readonly code: string;
}

const folder = "docs/clients";

/** The pages with their marked blocks. */
export const docsPages: readonly {
  readonly name: string;
  readonly blocks: readonly DocsBlock[];
}[] = readdirSync(folder).map((name) => {
  const text = readFileSync(`${folder}/${name}`, "utf8");
  const blocks = [...text.matchAll(/^```(\w+) (\w+)\n([\s\S]*?)^```$/gm)];
  return {
    name,
    blocks: blocks.map(([, language = "", mark = "", code = ""]) => ({ language, mark, code })),
  };
});

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

/** How a block of a language is run. */
function commandOf(
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
