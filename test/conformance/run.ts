/**
 * Runs the Connect conformance suite against the RPC server and, for gRPC, against the client:
 * `npm run conformance`. What is not installed and cannot be is named; with `--require` that is a
 * failure. `--server` and `--client` run one alone; further arguments, such as `--run "Basic/**"`,
 * go to the suite's runner.
 */

import { findGoProgram, run } from "../interop/program.ts";

const runnerModule = "connectrpc.com/conformance/cmd/connectconformance@v1.0.5";
const sides = [
  { mode: "server", conf: "test/conformance/features.yaml" },
  { mode: "client", conf: "test/conformance/features-client.yaml" },
] as const;
const ownFlags = ["--require", ...sides.map(({ mode }) => `--${mode}`)];

const args = process.argv.slice(2);
const more = args.filter((arg) => !ownFlags.includes(arg));
const named = sides.filter(({ mode }) => args.includes(`--${mode}`));

const runner = await findGoProgram("connectconformance", runnerModule);
if (runner.missing !== undefined) {
  console.log(`left out: ${runner.missing}`);
  process.exitCode = args.includes("--require") ? 1 : 0;
} else {
  for (const { mode, conf } of named.length > 0 ? named : sides) {
    const tested = [process.execPath, "-C", "source", `test/conformance/${mode}.ts`];
    const suite = ["--mode", mode, "--conf", conf, ...more];
    const { code, out, err } = await run(runner.path, [...suite, "--", ...tested]);
    console.log([`${mode}:`, out, err].map((text) => text.trim()).join("\n"));
    process.exitCode = (process.exitCode ?? 0) || (code ?? 1);
  }
}
