/**
 * Drives a gateway from other languages: grpcurl and net/http (Go), grpcio and httpx (Python), curl
 * (C), java.net.http. What is not installed and cannot be is left out with its reason; with
 * `--require` that is a failure.
 */

import { curlCases } from "./curl.ts";
import { earlyResponseCases, findUploadClients } from "./early-responses.ts";
import { grpcurlCases } from "./grpcurl.ts";
import { findCurl, findGo, findGrpcurl, findPython, type Tool } from "./program.ts";
import { goProtoCases, pythonProtoCases } from "./protos.ts";
import { pythonCases } from "./python.ts";
import { createReport } from "./report.ts";
import { startTargets } from "./targets.ts";

const report = createReport({ requireAll: process.argv.includes("--require") });
const suites = [
  { name: "grpcurl", find: findGrpcurl, cases: grpcurlCases },
  { name: "python", find: findPython, cases: pythonCases },
  { name: "curl", find: findCurl, cases: curlCases },
  { name: "protos, python", find: findPython, cases: pythonProtoCases },
  { name: "protos, go", find: findGo, cases: goProtoCases },
];
const tools: Tool[] = [];
for (const { find } of suites) tools.push(await find());
const uploadClients = await findUploadClients();

await using targets = await startTargets();
for (const [index, { name, cases }] of suites.entries()) {
  const tool = tools[index];
  if (tool?.missing === undefined) await cases(tool?.path ?? name, targets, report);
  else report.skip(name, tool.missing);
}
await earlyResponseCases(uploadClients, targets, report);
process.exitCode = report.end();
