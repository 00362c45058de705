/**
 * h2spec against the HTTP/2 engine: at an endpoint that waits for the body, where every case has to
 * pass, and at the gateway's own port, where a response may be out before the frame that a case is
 * about arrives. `npm run h2spec -- [--runs 3] [--require]` fails on whatever RFC 9113 does not permit.
 */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import type { ServerStream } from "#http2/server-stream.ts";
import { http2Listener } from "../support/http2-listener.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { permitted } from "./h2spec-permitted.ts";
import { findGoProgram, run } from "./program.ts";
import { createReport } from "./report.ts";
import { startTargets } from "./targets.ts";

const h2specModule = "github.com/summerwind/h2spec/cmd/h2spec@v2.2.1+incompatible";

/** What is tested. */
interface Endpoint {
  readonly name: string;
  readonly port: number;
  readonly path: string;
  readonly tls: boolean;
  /** It responds to a request before that has ended. */
  readonly isEarly: boolean;
}

/** Responds once the request is whole: the cases count on open streams staying open. */
async function respond(stream: ServerStream): Promise<void> {
  await stream.body(1 << 20);
  stream.respond(200, [["content-type", "text/plain"]], "a response of more than a few bytes");
}

/** Names of the cases that fail. Throws when the suite was not run to its end. */
async function failuresOf(h2spec: string, { port, path, tls }: Endpoint): Promise<string[]> {
  await using folder = await temporaryFolder();
  const file = join(folder.path, "report.xml");
  const where = ["-h", "127.0.0.1", "-p", String(port), "-P", path];
  await run(h2spec, ["--strict", "-o", "1", ...where, ...(tls ? ["-t", "-k"] : []), "-j", file]);
  const cases = readFileSync(file, "utf8").split("<testcase ").slice(1);
  if (cases.length < 140) throw new Error(`only ${cases.length} cases were run`);
  return cases
    .filter((each) => /<(failure|error)\b/.test(each))
    .map((each) => {
      const [, section, title] = /package="([^"]*)" classname="([^"]*)"/.exec(each) ?? [];
      return `${section}: ${title?.replaceAll("&#34;", '"').replaceAll("&quot;", '"')}`;
    });
}

const { values } = parseArgs({
  options: { runs: { type: "string", default: "3" }, require: { type: "boolean", default: false } },
});
const runs = Number(values.runs);
const report = createReport({ requireAll: values.require });
const h2spec = await findGoProgram("h2spec", h2specModule);
if (h2spec.missing !== undefined) report.skip("h2spec", h2spec.missing);
else {
  await using waiting = await http2Listener({ onStream: respond });
  await using waitingTls = await http2Listener({ onStream: respond, tls: true });
  await using targets = await startTargets();
  const endpoints = [
    { name: "an endpoint that waits", port: waiting.port, path: "/", tls: false, isEarly: false },
    { name: "an endpoint that waits", port: waitingTls.port, path: "/", tls: true, isEarly: false },
    ...["/", "/api/v1/chat"].flatMap((path) =>
      [false, true].map((tls) => ({
        name: `the gateway at ${path}`,
        port: Number((tls ? targets.tls : targets.plain).split(":")[1]),
        path,
        tls,
        isEarly: true,
      })),
    ),
  ];
  const sentences = new Set<string>();
  for (const endpoint of endpoints) {
    const name = `h2spec, ${endpoint.name}, ${endpoint.tls ? "TLS" : "cleartext"}`;
    await report.check(`${name}: ${runs} runs`, async () => {
      const counts = new Map<string, number>();
      for (let count = 0; count < runs; count += 1) {
        for (const each of await failuresOf(h2spec.path, endpoint)) {
          counts.set(each, (counts.get(each) ?? 0) + 1);
        }
      }
      const isPermitted = (each: string) => endpoint.isEarly && permitted.has(each);
      for (const [each, count] of counts) {
        if (!isPermitted(each)) continue;
        console.log(`      permitted, failed in ${count} of ${runs}: ${each}`);
        sentences.add(permitted.get(each) ?? "");
      }
      const others = [...counts].filter(([each]) => !isPermitted(each));
      if (others.length === 0) return;
      throw new Error(others.map(([each, count]) => `${count} of ${runs}: ${each}`).join("\n"));
    });
  }
  for (const sentence of sentences) console.log(`permitted by RFC 9113, ${sentence}`);
}
process.exitCode = report.end();
