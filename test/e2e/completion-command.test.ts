/** `polygate completion`: what each shell completes, asked of the real shell. */

import { execFile } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { beforeAll, describe, expect, test } from "vitest";
import { completion } from "#cli/completion.ts";
import { commands } from "#cli/help.ts";
import { runCommand } from "../support/console.ts";
import { missingProgram, testWith } from "../support/needs.ts";
import { type TemporaryFolder, temporaryFolder } from "../support/temporary-folder.ts";

const run = promisify(execFile);
let folder: TemporaryFolder;

async function scriptOf(shell: string): Promise<string> {
  const { code, out } = await runCommand(completion, [shell]);
  expect(code).toBe(0);
  const file = join(folder.path, shell);
  await writeFile(file, out);
  return file;
}

beforeAll(async () => {
  folder = await temporaryFolder();
  await mkdir(join(folder.path, "here"));
  await writeFile(join(folder.path, "here", "photo.png"), "");
  return () => folder[Symbol.asyncDispose]();
});

const cases = [
  { typed: "polygate pre", completes: ["predict"] },
  { typed: "polygate keys r", completes: ["revoke", "rotate"] },
  { typed: "polygate chat --mo", completes: ["--model"] },
  { typed: "polygate keys create ci --bud", completes: ["--budget"] },
  { typed: "polygate completion f", completes: ["fish"] },
] as const;

describe("bash", () => {
  /** What readline would be given. */
  async function completed(typed: string): Promise<readonly string[]> {
    const words = typed.split(" ");
    const program = `source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
compopt() { :; }
_polygate; printf '%s\\n' "\${COMPREPLY[@]}"`;
    const args = ["-c", program, "bash", await scriptOf("bash"), ...words];
    const { stdout } = await run("bash", args, { cwd: join(folder.path, "here") });
    return stdout.split("\n").filter((line) => line !== "");
  }

  testWith(missingProgram("bash"))("completes commands, sub-commands and flags", async () => {
    for (const { typed, completes } of cases) {
      expect((await completed(typed)).toSorted(), typed).toEqual(completes);
    }
    expect(await completed("polygate chat --model x")).toEqual([]);
  });
});

describe("zsh", () => {
  /** What its completion system would be given: `name:description`, and specifications of flags. */
  async function offered(typed: string): Promise<string> {
    const words = typed.split(" ");
    const program = `compdef() { :; }
_describe() { print -l -- "\${(@P)2}"; }
_arguments() { print -l -- "$@"; }
source "$1"; shift; words=("$@"); CURRENT=$#; _polygate`;
    const { stdout } = await run("zsh", [
      "-f",
      "-c",
      program,
      "zsh",
      await scriptOf("zsh"),
      ...words,
    ]);
    return stdout;
  }

  testWith(missingProgram("zsh"))("is offered commands, sub-commands and flags", async () => {
    expect(await offered("polygate pre")).toMatch(/^predict:/m);
    expect(await offered("polygate keys r")).toMatch(/^revoke:/m);
    expect(await offered("polygate chat --mo")).toMatch(/^\*--model\[/m);
    expect(await offered("polygate keys create ci --bud")).toMatch(/^\*--budget\[/m);
    expect(await offered("polygate completion f")).toMatch(/^fish:/m);
  });
});

describe("zsh with a terminal", () => {
  /** Types each text and the tab key, and waits until the line has what it is to become. */
  const program = String.raw`zmodload zsh/zpty
zpty shell zsh -f -i
zpty -w shell "PS1=; autoload -Uz compinit; compinit -u -D; source $1; print REA''DY"
zpty -r shell seen '*READY*'
shift
for typed line; do
  zpty -w -n shell "$typed"$'\t'
  zpty -r shell seen "*$line*"
  zpty -w -n shell $'\C-u'
done
zpty -d shell`;

  testWith(missingProgram("zsh"))("completes commands, sub-commands and flags", async () => {
    const typed = cases
      .filter(({ completes }) => completes.length === 1)
      .flatMap((row) => [row.typed, row.typed.replace(/\S+$/, row.completes[0])]);
    const args = ["-f", "-c", program, "zsh", await scriptOf("zsh"), ...typed];
    const env = { PATH: process.env.PATH, TERM: "vt100" };
    // It ends once every line has come.
    await run("zsh", args, { cwd: join(folder.path, "here"), env, timeout: 15_000 });
  });
});

describe("fish", () => {
  testWith(missingProgram("fish"))("completes commands, sub-commands and flags", async () => {
    const file = await scriptOf("fish");
    for (const { typed, completes } of cases) {
      const { stdout } = await run("fish", ["-c", `source ${file}; complete -C "${typed}"`], {
        cwd: join(folder.path, "here"),
        env: { ...process.env, HOME: folder.path },
      });
      const words = stdout.split("\n").flatMap((line) => line.split("\t", 1));
      expect(words.filter((word) => word !== "").toSorted(), typed).toEqual(completes);
    }
  });
});

test("a shell that is not known is refused with a guess; the help says how it is kept", async () => {
  expect(await runCommand(completion, ["fisch"])).toEqual({
    code: 2,
    out: "",
    err: "polygate completion: expected one of bash, zsh, fish (did you mean fish?)\n",
  });
  expect((await runCommand(completion, [])).out).toContain("source <(polygate completion bash)");
});

test("every script knows every command of the help", async () => {
  for (const shell of ["bash", "zsh", "fish"]) {
    const { out } = await runCommand(completion, [shell]);
    for (const word of Object.keys(commands)) expect(out).toContain(word);
  }
});
