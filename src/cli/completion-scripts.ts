/** Completions as scripts of bash, zsh and fish. Pure. */

import type { CompletedCommand, CompletedFlag, shells } from "./completion-words.ts";

type Script = (commands: readonly CompletedCommand[]) => string;

/** A command with the words that lead to it. */
interface Place {
  readonly path: string;
  readonly command: CompletedCommand;
}

function placesOf(commands: readonly CompletedCommand[]): readonly Place[] {
  return commands.flatMap((command) => [
    { path: command.name, command },
    ...command.subcommands.map((one) => ({ path: `${command.name} ${one.name}`, command: one })),
  ]);
}

function wordsOf({ flags }: CompletedCommand): readonly string[] {
  return flags.flatMap(({ name, short }) => [
    `--${name}`,
    ...(short === undefined ? [] : [`-${short}`]),
  ]);
}

/** A text in single quotes, as all three shells read it. */
function quoted(text: string): string {
  return `'${text.replaceAll("\\", "\\\\").replaceAll("'", "'\\''")}'`;
}

/** Flags by what they take, over all commands: a flag means the same wherever it is. */
function flagsTaking(commands: readonly CompletedCommand[], takes: CompletedFlag["takes"]) {
  const words = placesOf(commands).flatMap(({ command }) =>
    wordsOf({ ...command, flags: command.flags.filter((flag) => flag.takes === takes) }),
  );
  return [...new Set(words)];
}

const bash: Script = (commands) => {
  const top = commands.map(({ name }) => name).join(" ");
  const cases = placesOf(commands).map(({ path, command }) => {
    const words = [...command.subcommands.map(({ name }) => name), ...wordsOf(command)];
    return `    ${quoted(path)}) words=${quoted(words.join(" "))} ;;`;
  });
  const parents = commands.filter(({ subcommands }) => subcommands.length > 0);
  const pathFlags = [...flagsTaking(commands, "file"), ...flagsTaking(commands, "folder")];
  return `# bash completion of polygate: polygate completion bash > ~/.local/share/bash-completion/completions/polygate
_polygate() {
  local current=\${COMP_WORDS[COMP_CWORD]} before=\${COMP_WORDS[COMP_CWORD-1]} words='' path=''
  COMPREPLY=()
  case "$before" in
    ${pathFlags.join("|")}) compopt -o default; return ;;
    ${flagsTaking(commands, "text").join("|")}) return ;;
  esac
  if (( COMP_CWORD == 1 )); then
    COMPREPLY=($(compgen -W ${quoted(`${top} --help --version`)} -- "$current"))
    return
  fi
  path=\${COMP_WORDS[1]}
  case "$path" in
    ${parents.map(({ name }) => name).join("|")})
      if (( COMP_CWORD > 2 )); then path="$path \${COMP_WORDS[2]}"; fi ;;
  esac
  case "$path" in
${cases.join("\n")}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
  if (( \${#COMPREPLY[@]} == 0 )); then compopt -o default; fi
}
complete -F _polygate polygate
`;
};

const zsh: Script = (commands) => {
  const described = (list: readonly { name: string; description: string }[]) =>
    list.map(({ name, description }) => quoted(`${name}:${description.replaceAll(":", "\\:")}`));
  const argumentOf = ({ name, short, description, takes }: CompletedFlag) => {
    const text = `[${description.replaceAll(/[[\]:]/g, " ")}]`;
    const after = {
      nothing: "",
      file: ":file:_files",
      folder: ":folder:_files -/",
      text: ":value:",
    };
    const words = [`--${name}`, ...(short === undefined ? [] : [`-${short}`])];
    return words.map((word) => quoted(`*${word}${text}${after[takes]}`));
  };
  const cases = placesOf(commands).map(({ path, command }) => {
    const list = command.flags.flatMap(argumentOf).join(" ");
    return `    ${quoted(path)}) _arguments ${list} '*:file:_files' ;;`;
  });
  const parents = commands.filter(({ subcommands }) => subcommands.length > 0);
  const listings = parents.map(
    ({ name, subcommands }) => `      ${name}) words=(${described(subcommands).join(" ")}) ;;`,
  );
  return `#compdef polygate
# zsh completion of polygate: polygate completion zsh > "\${fpath[1]}/_polygate"
_polygate() {
  local -a words_of
  local path_of=\${words[2]} depth=2
  if (( CURRENT == 2 )); then
    words_of=(${described(commands).join(" ")})
    _describe command words_of
    return
  fi
  case "$path_of" in
    ${parents.map(({ name }) => name).join("|")})
      if (( CURRENT == 3 )); then
        case "$path_of" in
${listings.join("\n").replaceAll("words=", "words_of=").replaceAll(/^/gm, "    ")}
        esac
        _describe command words_of
        return
      fi
      path_of="$path_of \${words[3]}"; depth=3 ;;
  esac
  shift $((depth - 1)) words
  (( CURRENT -= depth - 1 ))
  case "$path_of" in
${cases.join("\n")}
  esac
}
if [[ "\${funcstack[1]}" == _polygate ]]; then _polygate "$@"; else compdef _polygate polygate; fi
`;
};

const fish: Script = (commands) => {
  const lines = [
    "# fish completion of polygate: polygate completion fish > ~/.config/fish/completions/polygate.fish",
    "complete -c polygate -e",
    "complete -c polygate -n __fish_use_subcommand -f",
  ];
  for (const { name, description } of commands) {
    lines.push(
      `complete -c polygate -n __fish_use_subcommand -f -a ${name} -d ${quoted(description)}`,
    );
  }
  const flagLine = (condition: string, { name, short, description, takes }: CompletedFlag) => {
    const letter = short === undefined ? "" : ` -s ${short}`;
    const value = { nothing: "", file: " -r -F", folder: " -r -F", text: " -x" }[takes];
    return `complete -c polygate -n ${quoted(condition)} -l ${name}${letter}${value} -d ${quoted(description)}`;
  };
  for (const { name, flags, subcommands } of commands) {
    const here = `__fish_seen_subcommand_from ${name}`;
    lines.push(...flags.map((flag) => flagLine(here, flag)));
    const names = subcommands.map((one) => one.name).join(" ");
    for (const one of subcommands) {
      const without = `${here}; and not __fish_seen_subcommand_from ${names}`;
      lines.push(
        `complete -c polygate -n ${quoted(without)} -f -a ${one.name} -d ${quoted(one.description)}`,
      );
      const within = `${here}; and __fish_seen_subcommand_from ${one.name}`;
      lines.push(...one.flags.map((flag) => flagLine(within, flag)));
    }
  }
  return `${lines.join("\n")}\n`;
};

/** The script of each shell. */
export const completionScripts: Readonly<Record<(typeof shells)[number], Script>> = {
  bash,
  zsh,
  fish,
};
