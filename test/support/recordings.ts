/**
 * The recordings of docs/cli.md: each command of a block that begins with ```sh record is run against a
 * gateway of its own, and the block after it is what it printed. `on a terminal` in the block's first
 * line runs it on one of 100 by 30; what comes from clock, chance and machine is levelled.
 */

import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify, stripVTControlCharacters } from "node:util";
import { startTestGateway } from "./gateway.ts";
import { temporaryFolder } from "./temporary-folder.ts";

/** The page with recordings. */
export const recordedPage = "docs/cli.md";
const block = /^```sh record( on a terminal)?\n([\s\S]*?)^```\n\n```text\n[\s\S]*?^```$/gm;
const key = "a-key-of-the-recording-that-is-long-enough";

/** What another run would print otherwise. */
function levelled(text: string, url: string): string {
  // Of a line that was written again and again the last form stays.
  const last = text
    .split("\n")
    .map((line) => line.split("\r\u001b[K").at(-1))
    .join("\n");
  return stripVTControlCharacters(last)
    .replaceAll("\r", "")
    .replaceAll(url, "http://127.0.0.1:8080")
    .replaceAll(/req_\w+/g, "req_1f0c…")
    .replaceAll(/key_\w+/g, "key_7d41…")
    .replaceAll(/pg_live_\w{30,}/g, "pg_live_3f9a…")
    .replaceAll(/[ \t]+$/gm, "")
    .trimEnd();
}

async function printed(command: string, isTerminal: boolean, env: NodeJS.ProcessEnv) {
  const program = `polygate() { ${process.execPath} -C source ${process.cwd()}/src/cli/main.ts "$@"; }`;
  const line = `${program}\n${command}`;
  const words = isTerminal
    ? ["script", "-qec", `stty cols 100 rows 30; ${line}`, "/dev/null"]
    : ["bash", "-c", `${line} 2>&1`];
  const [file = "", ...args] = words;
  const running = promisify(execFile)(file, args, { env: { ...env, SHELL: "/bin/bash" } });
  running.child.stdin?.end();
  try {
    return (await running).stdout;
  } catch (thrown) {
    // A command that fails on purpose is recorded, with its exit code.
    const { stdout = "", code } = thrown as { stdout?: string; code?: number };
    return `${stdout}(exit code ${code})`;
  }
}

/** The page as it would be written now. */
export async function recorded(): Promise<string> {
  await using folder = await temporaryFolder();
  await using gateway = await startTestGateway({
    yaml: `
gateway: { host: 127.0.0.1, port: 0 }
auth: { type: apikey, secret_key: ${key}, key_store: { path: "${join(folder.path, "keys.db")}" } }
`,
  });
  const env = { ...process.env, POLYGATE_URL: gateway.url, POLYGATE_API_KEY: key, TERM: "xterm" };

  const text = readFileSync(recordedPage, "utf8");
  let told = "";
  let from = 0;
  for (const match of text.matchAll(block)) {
    const [whole, terminal, commands = ""] = match;
    const output = await printed(commands.trimEnd(), terminal !== undefined, env);
    const record = `\`\`\`sh record${terminal ?? ""}\n${commands}\`\`\`\n\n\`\`\`text\n${levelled(output, gateway.url)}\n\`\`\``;
    told += text.slice(from, match.index) + record;
    from = match.index + whole.length;
  }
  return told + text.slice(from);
}
