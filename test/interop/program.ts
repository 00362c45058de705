/** Runs other programs to their end, and finds or installs those that the run needs. */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { accessSync, constants, mkdirSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, join, resolve } from "node:path";
import { text } from "node:stream/consumers";

/** What a program left behind. */
export interface Outcome {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** Runs a program with `input` on stdin; does not reject when it fails, but does when it is not there. */
export async function run(
  file: string,
  args: readonly string[],
  more: {
    readonly input?: string;
    readonly env?: Readonly<Record<string, string>>;
    readonly cwd?: string;
  } = {},
): Promise<Outcome> {
  const { cwd = process.cwd() } = more;
  const child = spawn(file, args, { cwd, env: { ...process.env, ...more.env } });
  child.stdin.on("error", () => {}); // a program need not read its input
  child.stdin.end(more.input ?? "");
  const closed = once(child, "close");
  const [out, err, [code]] = await Promise.all([text(child.stdout), text(child.stderr), closed]);
  return { code, out, err };
}

/** A program that may be used, or why it may not. */
export type Tool =
  | { readonly path: string; readonly missing?: undefined }
  | { readonly missing: string };

const cache = resolve(".cache");
const grpcurlModule = "github.com/fullstorydev/grpcurl/cmd/grpcurl@v1.9.4";
const grpcInteropModule = "google.golang.org/grpc/interop";
const grpcVersion = "latest";
const grpcPackages = ["grpcio", "grpcio-reflection", "grpcio-status", "grpcio-tools", "protobuf"];
const httpxPackages = ["httpx[http2]"];
const scannerPackages = ["schemathesis==4.32.5"];

/** A Go program of the machine; else built into .cache from `module` by Go. */
export async function findGoProgram(name: string, module: string): Promise<Tool> {
  const found = findProgram(name, [join(homedir(), "go/bin"), join(cache, "bin")]);
  return found === undefined ? buildGoProgram(name, module, join(cache, "bin")) : { path: found };
}

/** gRPC's interoperability programs, whose own names say nothing: they have a folder below .cache. */
export async function findGrpcInterop(name: "client" | "server"): Promise<Tool> {
  const folder = join(cache, "grpc-interop");
  const path = join(folder, name);
  const module = `${grpcInteropModule}/${name}@${grpcVersion}`;
  return isExecutable(path) ? { path } : buildGoProgram(name, module, folder);
}

async function buildGoProgram(name: string, module: string, folder: string): Promise<Tool> {
  if (findProgram("go") === undefined) return { missing: `neither ${name} nor Go is installed` };
  const built = await run("go", ["install", module], { env: { GOBIN: folder } });
  return built.code === 0
    ? { path: join(folder, name) }
    : { missing: `${name} could not be built: ${lastLine(built.err)}` };
}

/** grpcurl of the machine; else built into .cache by Go. */
export function findGrpcurl(): Promise<Tool> {
  return findGoProgram("grpcurl", grpcurlModule);
}

/** A Python that has grpcio, in a virtual environment below .cache. */
export function findPython(): Promise<Tool> {
  return findPythonWith("venv", grpcPackages, "import grpc_reflection, grpc_status, grpc_tools");
}

/** A Python that has httpx with HTTP/2, in a virtual environment below .cache. */
export function findHttpx(): Promise<Tool> {
  return findPythonWith("venv-httpx", httpxPackages, "import httpx, h2");
}

/** A Python that has Schemathesis, in a virtual environment below .cache. */
export function findScanner(): Promise<Tool> {
  return findPythonWith("venv-schemathesis", scannerPackages, "import schemathesis");
}

async function findPythonWith(
  folder: string,
  packages: readonly string[],
  proof: string,
): Promise<Tool> {
  const home = join(cache, folder);
  const path = join(home, "bin/python");
  const ready = async () => isExecutable(path) && (await run(path, ["-c", proof])).code === 0;
  if (await ready()) return { path };
  const python = findProgram("python3");
  if (python === undefined) return { missing: "Python is not installed" };
  mkdirSync(cache, { recursive: true });
  const made = await run(python, ["-m", "venv", "--clear", home]);
  if (made.code !== 0)
    return { missing: `no virtual environment: ${lastLine(made.out + made.err)}` };
  const installed = await run(path, ["-m", "pip", "install", "--quiet", ...packages]);
  return installed.code === 0
    ? { path }
    : { missing: `${packages[0]} could not be installed: ${lastLine(installed.err)}` };
}

/** A program of the machine. */
export function findTool(name: string, title: string): Tool {
  const path = findProgram(name);
  return path === undefined ? { missing: `${title} is not installed` } : { path };
}

/** Go itself. */
export function findGo(): Promise<Tool> {
  return Promise.resolve(findTool("go", "Go"));
}

/** curl, when it was built with HTTP/2. */
export async function findCurl(): Promise<Tool> {
  const path = findProgram("curl");
  if (path === undefined) return { missing: "curl is not installed" };
  const { out } = await run(path, ["--version"]);
  return /^Features:.*\bHTTP2\b/m.test(out) ? { path } : { missing: "curl has no HTTP/2" };
}

function findProgram(name: string, more: readonly string[] = []): string | undefined {
  const folders = [...(process.env.PATH ?? "").split(delimiter), ...more];
  return folders.map((folder) => join(folder, name)).find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function lastLine(output: string): string {
  return output.trim().split("\n").at(-1) ?? "";
}
