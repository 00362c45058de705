/** The contenders that are written in Go, built from the project's own protos when first asked for. */

import { execFileSync } from "node:child_process";
import { cpSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Contender } from "./contest.ts";
import { folder, isInstalled } from "./programs.ts";

/** Programs of contenders/go. */
type GoProgram = "grpc-go" | "grpc-gateway";

/** The folder of the programs, or why there are none. */
type Built = { readonly bin: string } | { readonly missing: string };

/** The chat service's, and what it imports that no Go module has. */
const protos = [
  "polygate/v1/chat.proto",
  "polygate/v1/conversation.proto",
  "polygate/v1/options.proto",
  "buf/validate",
];

/** Generates and compiles in a copy of the module, so that nothing generated lies in the repository. */
function build(): Built {
  if (!isInstalled("go")) return { missing: "Go is not installed" };
  const home = join(folder, "go");
  cpSync(new URL("../contenders/go", import.meta.url), home, { recursive: true });
  const run = (program: string, ...args: readonly string[]) =>
    execFileSync(program, args, { cwd: home, stdio: "pipe" });
  const paths = protos.flatMap((path) => ["--path", resolve("proto", path)]);
  try {
    run(resolve("node_modules/.bin/buf"), "generate", resolve("."), ...paths);
    run("go", "build", "-o", "bin/", "./grpc-go", "./grpc-gateway");
    return { bin: join(home, "bin") };
  } catch (error) {
    return { missing: String(error) };
  }
}

let built: Built | undefined;

/** One of the programs; none, and the reason printed, where Go or a module cannot be had. */
export function goContender(program: GoProgram, name: string): readonly Contender[] {
  built ??= build();
  if ("missing" in built) {
    console.error(`${name} is left out: ${built.missing}`);
    return [];
  }
  const file = join(built.bin, program);
  return [{ name, command: (port) => [file, String(port)] }];
}
