/** The gateway as Python's grpcio sees it; the cases themselves are in client.py. */

import { resolve } from "node:path";
import { run } from "./program.ts";
import type { Report } from "./report.ts";
import { caFile, requestBytesMax, type Targets } from "./targets.ts";

/** Runs client.py with the Python at `path`; each line that it prints is a case. */
export async function pythonCases(path: string, targets: Targets, report: Report): Promise<void> {
  const { plain, tls, slow } = targets;
  const facts = { plain, tls, slow, caFile, requestBytesMax };
  const client = resolve("test/interop/client.py");
  const { code, out, err } = await run(path, [client], { input: JSON.stringify(facts) });
  for (const line of out.trim().split("\n")) {
    const { name, problem } = JSON.parse(line) as { name: string; problem: string | null };
    await report.check(`python: ${name}`, problem ?? undefined);
  }
  if (code !== 0) await report.check("python: client.py ran to its end", err);
}
