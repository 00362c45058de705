/** Every command in tmux at 80 by 24, and in a pipe: colours, width, what is shown, exit code. */

import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { commands } from "#cli/help.ts";
import { type RunningGateway, startTestGateway } from "../support/gateway.ts";
import { describeWith, missingProgram } from "../support/needs.ts";
import { fromSource } from "../support/polygate-process.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { startTmux, type Tmux } from "../support/tmux.ts";

const key = "a-key-of-terminals-that-is-long-enough";
const controls = "\u001b";

/** A command, and what is true of its output. */
interface Row {
  /** What follows `polygate`. */
  readonly words: string;
  /** What it shows in both places. */
  readonly shows: RegExp;
  /** What it shows on a terminal alone; the same as in a pipe when absent. */
  readonly terminal?: RegExp;
  readonly pipe?: RegExp;
  /** Exit code; 0 when absent. */
  readonly code?: number;
  readonly isColoured?: boolean;
  /** It is for programs, which read a line as long as it is. */
  readonly isWide?: boolean;
}

const image = "models/digits/examples/7.png";

/** Servers are typed at and signalled: they have tests of their own below. */
const rows: Readonly<Record<string, readonly Row[]>> = {
  check: [{ words: "check", shows: /^configuration ok: / }],
  config: [
    { words: "config", shows: /^Usage: polygate config <command>/ },
    { words: "config check", shows: /^unchanged$/ },
    { words: "config show auth", shows: /^auth\.secret_key +\[redacted\]/m },
  ],
  health: [{ words: "health --port 1", shows: /does not respond/, code: 1 }],
  models: [
    { words: "models", shows: /digit-detector, digits-in-scenes/ },
    { words: "models show digits", shows: /^labels +0, 1, 2/m },
    { words: "models --server http://127.0.0.1:1", shows: /^UNAVAILABLE: /, code: 78 },
  ],
  keys: [
    { words: "keys --help", shows: /^Usage: polygate keys/ },
    {
      words: "keys list",
      shows: /ci +|ci$/m,
      terminal: /^LAST USED +-$/m,
      pipe: /^NAME +ID +KEY +STATE/,
    },
  ],
  chat: [
    {
      words: "chat --tools 'what is 6*7?' </dev/null",
      shows: /6\*7 = 42/,
      terminal: /tool calculator/,
      isColoured: true,
    },
    { words: "chat --modle x hello", shows: /did you mean --model\?/, code: 2 },
    { words: "chat --model none hello", shows: /^MODEL_UNKNOWN: /, code: 69 },
  ],
  predict: [{ words: `predict digits --top-k 1 ${image}`, shows: /99\.0%/, isColoured: true }],
  top: [{ words: "top --once", shows: /PROVIDER|"backends"/, isColoured: true, isWide: false }],
  migrate: [{ words: "migrate", shows: /^no database to migrate: /, code: 1 }],
  openapi: [{ words: "openapi", shows: /"openapi": "3\.1/, isWide: true }],
  completion: [{ words: "completion bash", shows: /^# bash completion of polygate/, isWide: true }],
  version: [{ words: "version", shows: /^polygate \d+\.\d+\.\d+ / }],
  "--help": [{ words: "--help", shows: /^Usage: polygate \[command\]/ }],
  chatt: [{ words: "chatt", shows: /did you mean chat\?/, code: 2 }],
};

const polygate = fromSource().join(" ");

test("every command of the help has a row, or is a server", () => {
  const known = [...Object.keys(rows), "serve", "core"];
  expect(Object.keys(commands).filter((name) => !known.includes(name))).toEqual([]);
});

describeWith(missingProgram("tmux"))("in a terminal of 80 by 24, and in a pipe", () => {
  let gateway: RunningGateway;
  let tmux: Tmux;
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let env: Record<string, string>;

  beforeAll(async () => {
    folder = await temporaryFolder();
    gateway = await startTestGateway({
      yaml: `
gateway: { host: 127.0.0.1, port: 0 }
auth: { type: apikey, secret_key: ${key}, key_store: { path: ${folder.path}/keys.db } }
`,
    });
    tmux = await startTmux();
    env = {
      PATH: process.env.PATH ?? "",
      HOME: folder.path,
      POLYGATE_URL: gateway.url,
      POLYGATE_API_KEY: key,
    };
    await inPipe("keys create ci --model 'digits*' --expires 90d");
  });
  afterAll(async () => {
    await tmux[Symbol.asyncDispose]();
    await gateway[Symbol.asyncDispose]();
    await folder[Symbol.asyncDispose]();
  });

  async function inPipe(words: string) {
    const line = `${polygate} ${words} </dev/null 2>&1`;
    try {
      const { stdout } = await promisify(execFile)("bash", ["-c", line], { env });
      return { text: stdout.trimEnd(), code: 0 };
    } catch (thrown) {
      const { stdout, code } = thrown as { stdout: string; code: number };
      return { text: stdout.trimEnd(), code };
    }
  }

  async function inTerminal(words: string) {
    const pane = await tmux.open(`${polygate} ${words}`, env);
    const code = await pane.ended();
    return { text: await pane.text(), styled: await pane.styled(), code };
  }

  test.concurrent.each(Object.values(rows).flat())("polygate $words", async (row) => {
    const { words, shows, terminal = shows, pipe = shows, code = 0 } = row;
    const [typed, piped] = await Promise.all([inTerminal(words), inPipe(words)]);
    expect([typed.code, piped.code], typed.text).toEqual([code, code]);
    for (const pattern of [shows, terminal]) expect(typed.text).toMatch(pattern);
    for (const pattern of [shows, pipe]) expect(piped.text).toMatch(pattern);
    expect(piped.text.includes(controls), "controls in a pipe").toBe(false);
    expect(typed.styled.includes(controls), "colours on a terminal").toBe(row.isColoured ?? false);
    const wide = typed.text.split("\n").filter((line) => line.length > 80);
    if (row.isWide !== true) expect(wide).toEqual([]);
  });

  test("a conversation: what is typed is answered, and /quit ends it", async () => {
    const pane = await tmux.open(`${polygate} chat --tools`, env);
    const shows = (text: string) => expect.poll(pane.text, { timeout: 20_000 }).toContain(text);
    await shows("/help lists the commands");
    await pane.type("what is 6*7?", "Enter");
    await shows("6*7 = 42");
    await pane.type("/quit", "Enter");
    expect(await pane.ended()).toBe(0);
  });

  test("a live view fits the screen, and q gives the terminal back as it was", async () => {
    const pane = await tmux.open(`echo before; ${polygate} top --interval 100ms`, env);
    const shows = (text: string) => expect.poll(pane.text, { timeout: 20_000 }).toContain(text);
    await shows("PROVIDER");
    const lines = (await pane.text()).split("\n");
    expect(lines.filter((line) => line.length > 80)).toEqual([]);
    expect(lines.length).toBeLessThanOrEqual(24);
    await pane.type("q");
    expect(await pane.ended()).toBe(0);
    expect(await pane.text()).toBe("before");
  });

  test.each(["serve --host 127.0.0.1 --port 0", "core --port 0"])(
    "polygate %s: text on a terminal, until Ctrl-C ends it",
    async (words) => {
      // The shell survives the key, and reports its child's exit code.
      const pane = await tmux.open(`trap : INT; ${polygate} ${words}`, env);
      await expect.poll(pane.text, { timeout: 30_000 }).toMatch(/ INFO listening/);
      await pane.type("C-c");
      expect(await pane.ended()).toBe(0);
      expect(await pane.text()).toMatch(/ INFO stopped/);
      expect(await pane.text()).not.toMatch(/^\{/m);
    },
  );
});
