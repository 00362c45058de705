/**
 * Schemathesis, a scanner from PyPI, against the OpenAPI document of a running gateway: no 5xx, and no
 * status that the document does not name, whatever is sent, with and without keys: `npm run scan [one
 * of the names below]`. Says so, and ends well, where it cannot be installed.
 */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { startTestGateway } from "../support/gateway.ts";
import { startProvider } from "../support/provider-double.ts";
import { findScanner, run } from "./program.ts";

const keys = {
  plain: "a-plain-key-that-is-long-enough",
  admin: "an-admin-key-that-is-long-enough",
} as const;
const folder = mkdtempSync(join(tmpdir(), "scan-keys-"));
process.once("exit", () => rmSync(folder, { recursive: true }));
const withKeys = `
rate_limiting: { requests_per_minute: 1000000, burst: 1000000, tokens_per_minute: 1000000000 }
auth:
  failures_per_minute: 0
  key_store: { path: ${join(folder, "keys.db")} }
  groups: { team: { budget: { usd: 1000000, period: month } } }
  keys: [{ name: ops, key: ${keys.admin}, scopes: [admin] }, { name: plain, key: ${keys.plain} }]
`;

/** Streams that go on until their client leaves: a scanner waits for their end. */
const endless = ":watch$";
/** Requests made by chance for each operation. */
const examples = process.env.SCAN_EXAMPLES ?? "20";

const scans = [
  { name: "without keys in the settings", auth: "", key: "" },
  { name: "without a key", auth: withKeys, key: "" },
  { name: "with a plain key", auth: withKeys, key: keys.plain },
  { name: "with an admin's key", auth: withKeys, key: keys.admin },
] as const;

/** What came of one scan. */
interface Scanned {
  readonly isClean: boolean;
  readonly out: string;
}

async function scan(python: string, url: string, key = ""): Promise<Scanned> {
  // It leaves what it found where it runs.
  const cwd = mkdtempSync(join(tmpdir(), "scan-"));
  const args = [
    ...["run", `${url}/openapi.json`, "--url", url],
    ...["--checks", "not_a_server_error,status_code_conformance,content_type_conformance"],
    ...["--exclude-path-regex", endless, "--max-examples", examples, "--workers", "1"],
    ...["--seed", "1", "--generation-database", "none", "--no-color", "--continue-on-failure"],
    ...(key === "" ? [] : ["--header", `Authorization: Bearer ${key}`]),
  ];
  const { out, err, code } = await run(join(dirname(python), "schemathesis"), args, { cwd });
  rmSync(cwd, { recursive: true });
  return { isClean: code === 0, out: out + err };
}

/** How many requests a gateway has had. */
async function requestsOf(url: string): Promise<number> {
  const page = await (await fetch(`${url}/metrics`)).text();
  const counts = page.matchAll(/^gateway_requests_total\{.*\} (\d+)$/gm);
  return [...counts].reduce((sum, [, count]) => sum + Number(count), 0);
}

const [, , wanted] = process.argv;
const asked = scans.filter(({ name }) => wanted === undefined || name === wanted);
if (asked.length === 0) {
  console.error(`usage: npm run scan [${scans.map(({ name }) => name).join(" | ")}]`);
  process.exit(2);
}
const python = await findScanner();
if (python.missing !== undefined) {
  console.log(`skipped: ${python.missing}`);
  process.exit(0);
}
await using provider = await startProvider("openai-chat");
let total = 0;
for (const { name, auth, key } of asked) {
  await using gateway = await startTestGateway({
    yaml: `
gateway: { host: 127.0.0.1, port: 0 }
overload: { enabled: false }
cache: { enabled: true }
providers:
  double: { dialect: openai, base_url: "${provider.url}", api_key: k, default_model: double }
${auth}`,
  });
  const { isClean, out } = await scan(python.path, gateway.url, key);
  const requests = await requestsOf(gateway.url);
  total += requests;
  console.log(`${name}: ${requests} requests, ${isClean ? "clean" : "NOT CLEAN"}`);
  if (isClean) continue;
  console.log(out);
  process.exitCode = 1;
}
console.log(`${total} requests`);
