/**
 * The recordings of docs/cli.md: each command of a block that begins with ```sh record is run against a
 * gateway of its own, and the block after it is what it printed. `on a terminal` in the block's first
 * line runs it in tmux at 80 by 24; what comes from clock, chance and machine is levelled.
 */

import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify, stripVTControlCharacters } from "node:util";
import { startTestGateway } from "./gateway.ts";
import { fromSource } from "./polygate-process.ts";
import { temporaryFolder } from "./temporary-folder.ts";
import { startTmux, type Tmux } from "./tmux.ts";

/** The page with recordings. */
export const recordedPage = "docs/cli.md";
const block = /^```sh record( on a terminal)?\n([\s\S]*?)^```\n\n```text\n[\s\S]*?^```$/gm;
const key = "a-key-of-the-recording-that-is-long-enough";

/** What another run would print otherwise. */
function levelled(text: string, url: string): string {
  return stripVTControlCharacters(text)
    .replaceAll(url, "http://127.0.0.1:8080")
    .replaceAll(/req_\w+/g, "req_1f0c…")
    .replaceAll(/key_\w+/g, "key_7d41…")
    .replaceAll(/pg_live_\w{30,}/g, "pg_live_3f9a…")
    .replaceAll(/[ \t]+$/gm, "")
    .trimEnd();
}

/** What commands print, in a terminal where there is one, else in a pipe. */
async function printed(
  command: string,
  tmux: Tmux | undefined,
  env: Readonly<Record<string, string>>,
): Promise<string> {
  const program = `polygate() { ${fromSource().join(" ")} "$@"; }`;
  const line = `${program}\n${command}`;
  if (tmux !== undefined) {
    const pane = await tmux.open(line, env);
    const code = await pane.ended();
    return `${await pane.text()}${code === 0 ? "" : `\n(exit code ${code})`}`;
  }
  try {
    const words = ["-c", `{ ${line}\n} </dev/null 2>&1`];
    return (await promisify(execFile)("bash", words, { env: { ...env } })).stdout;
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
  await using tmux = await startTmux();
  const env = {
    PATH: process.env.PATH ?? "",
    HOME: folder.path,
    POLYGATE_URL: gateway.url,
    POLYGATE_API_KEY: key,
  };

  const text = readFileSync(recordedPage, "utf8");
  let page = "";
  let from = 0;
  for (const match of text.matchAll(block)) {
    const [whole, terminal, commands = ""] = match;
    const output = await printed(
      commands.trimEnd(),
      terminal === undefined ? undefined : tmux,
      env,
    );
    const record = `\`\`\`sh record${terminal ?? ""}\n${commands}\`\`\`\n\n\`\`\`text\n${levelled(output, gateway.url)}\n\`\`\``;
    page += text.slice(from, match.index) + record;
    from = match.index + whole.length;
  }
  return page + text.slice(from);
}
