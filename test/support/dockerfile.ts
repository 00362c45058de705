/** A Dockerfile as data: stages of instructions, and what each instruction says. Pure. */

/** One instruction with its flags taken off, such as `--from=build`. */
export interface Instruction {
  readonly keyword: string;
  readonly flags: Readonly<Record<string, string>>;
  readonly text: string;
  /** Where it begins, counted from 1. */
  readonly line: number;
}

/** What follows one FROM. */
export interface Stage {
  /** Name of another stage, or an image with its tag. */
  readonly base: string;
  readonly name?: string;
  readonly instructions: readonly Instruction[];
}

const keywords = new Set(
  "FROM ARG ENV LABEL WORKDIR COPY RUN USER EXPOSE STOPSIGNAL HEALTHCHECK CMD".split(" "),
);

/** The stages in order. Throws on an instruction that is not known: it could not be carried out. */
export function parseDockerfile(text: string): readonly Stage[] {
  const stages: { base: string; name?: string; instructions: Instruction[] }[] = [];
  for (const instruction of instructionsIn(text)) {
    const { keyword, line } = instruction;
    if (!keywords.has(keyword)) throw new Error(`line ${line}: ${keyword} is not known here`);
    if (keyword === "FROM") {
      const [base = "", , name] = instruction.text.split(/\s+/);
      stages.push({ base, ...(name === undefined ? {} : { name }), instructions: [] });
    } else {
      const stage = stages.at(-1);
      if (stage === undefined) throw new Error(`line ${line}: ${keyword} stands before FROM`);
      stage.instructions.push(instruction);
    }
  }
  return stages;
}

/** The arguments of CMD, COPY and the like: exec form as JSON says, shell form by /bin/sh. */
export function commandOf(text: string): readonly string[] {
  return text.startsWith("[") ? (JSON.parse(text) as string[]) : ["/bin/sh", "-c", text];
}

/** The pairs of an ENV or LABEL; values may stand in double quotes. */
export function pairsIn(text: string): Readonly<Record<string, string>> {
  const pairs = [...text.matchAll(/([\w.-]+)=(?:"([^"]*)"|(\S*))/g)];
  return Object.fromEntries(pairs.map(([, name, quoted, bare]) => [name, quoted ?? bare ?? ""]));
}

function* instructionsIn(text: string): Iterable<Instruction> {
  let begun: { text: string; line: number } | undefined;
  for (const [index, row] of text.split("\n").entries()) {
    if (/^\s*(#|$)/.test(row)) continue;
    begun ??= { text: "", line: index + 1 };
    begun.text += row.replace(/\\\s*$/, "");
    if (/\\\s*$/.test(row)) continue;
    yield instructionFrom(begun.text, begun.line);
    begun = undefined;
  }
  if (begun !== undefined) throw new Error(`line ${begun.line}: the last line is continued`);
}

function instructionFrom(whole: string, line: number): Instruction {
  const [, keyword = "", flagText = "", text = ""] =
    /^\s*(\w+)\s+((?:--[\w-]+=\S+\s+)*)(.*)$/.exec(whole) ?? [];
  const flags = [...flagText.matchAll(/--([\w-]+)=(\S+)/g)].map(([, name, value]) => [name, value]);
  return {
    keyword: keyword.toUpperCase(),
    flags: Object.fromEntries(flags),
    text: text.trim(),
    line,
  };
}
