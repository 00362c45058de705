/** The programs that generate clients: where they are found, and what is said when one is missing. */

import { spawnSync } from "node:child_process";

/** One program, and how it comes onto a machine. */
export interface Tool {
  readonly name: string;
  /** What shows that it is there: it ends with 0. */
  readonly probe: readonly string[];
  readonly hint: string;
}

/** The Python that has grpcio-tools; CLIENTS_PYTHON names another. */
const python = process.env.CLIENTS_PYTHON ?? ".cache/clients-venv/bin/python";

/** What each language's code is generated with. */
export const toolsOf = {
  typescript: [],
  python: [
    {
      name: "grpcio-tools",
      probe: [python, "-c", "import grpc_tools, mypy_protobuf"],
      hint: "python3 -m venv .cache/clients-venv && .cache/clients-venv/bin/pip install -r clients/python/tools.txt",
    },
  ],
  go: [{ name: "go", probe: ["go", "version"], hint: "Go 1.26 or later" }],
  java: [{ name: "mvn", probe: ["mvn", "--version"], hint: "Maven 3.8 or later" }],
  rust: [{ name: "cargo", probe: ["cargo", "--version"], hint: "Rust 1.88 or later" }],
} as const satisfies Record<string, readonly Tool[]>;

/** A language that has a client. */
export type Language = keyof typeof toolsOf;

/** A sentence for each tool that is not there. */
export function missingTools(languages: readonly Language[]): readonly string[] {
  return languages.flatMap((language) =>
    toolsOf[language]
      .filter(({ probe: [file = "", ...args] }: Tool) => spawnSync(file, args).status !== 0)
      .map(({ name, hint }: Tool) => `${language}: ${name} is missing (${hint})`),
  );
}
