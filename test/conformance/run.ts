/**
 * Runs the Connect conformance suite against the RPC server: `npm run conformance`. What is not
 * installed and cannot be is named; with `--require` that is a failure. Further arguments, such as
 * `--run "Basic/**"`, go to the suite's runner.
 */

import { findGoProgram, run } from "../interop/program.ts";

const runnerModule = "connectrpc.com/conformance/cmd/connectconformance@v1.0.5";
const [, , ...args] = process.argv;
const more = args.filter((arg) => arg !== "--require");

const runner = await findGoProgram("connectconformance", runnerModule);
if (runner.missing !== undefined) {
  console.log(`left out: ${runner.missing}`);
  process.exitCode = args.length > more.length ? 1 : 0;
} else {
  const server = [process.execPath, "-C", "source", "test/conformance/server.ts"];
  const suite = ["--mode", "server", "--conf", "test/conformance/features.yaml", ...more];
  const { code, out, err } = await run(runner.path, [...suite, "--", ...server]);
  console.log([out, err].map((text) => text.trim()).join("\n"));
  process.exitCode = code ?? 1;
}
