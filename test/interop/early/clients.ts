/** Clients of other languages that upload: what each needs, and how its counts are read. */

import { mkdir } from "node:fs/promises";
import { resolve } from "node:path";
import { run, type Tool } from "../program.ts";
import { caFile } from "../targets.ts";
import { bodyOf, type Tally, tallyOf, timeoutMs, times, type Upload } from "./uploads.ts";

/** A client, and whether it can wait for 100 (Continue). */
export interface UploadClient {
  readonly name: string;
  readonly canExpect: boolean;
  /** Makes every upload `times` times. */
  tally(path: string, uploads: readonly Upload[]): Promise<readonly Tally[]>;
}

const folder = "test/interop/early";

/**
 * A program that reads an upload a line, as fields between tabs, and writes its outcomes, a line an
 * upload. Its arguments are `times`, `timeoutMs` and the authority's file.
 */
function program(name: string, canExpect: boolean, args: readonly string[]): UploadClient {
  return {
    name,
    canExpect,
    async tally(path, uploads) {
      const lines = uploads.map(({ url, version, bytes, isDeclared, isExpecting }) =>
        [url, version, bytes, isDeclared, isExpecting].join("\t"),
      );
      const more = [String(times), String(timeoutMs), caFile];
      const { out, err } = await run(path, [...args, ...more], { input: `${lines.join("\n")}\n` });
      const rows = out.trim().split("\n");
      return uploads.map(({ status }, index) => {
        const outcomes = rows[index]?.split("\t");
        return outcomes === undefined
          ? { right: 0, seen: err.trim().slice(-300) }
          : tallyOf(outcomes, String(status));
      });
    },
  };
}

/** One upload by curl: the status when it ended well, else its exit code. */
async function curlOnce(path: string, upload: Upload): Promise<string> {
  const { url, version, bytes, isDeclared, isExpecting } = upload;
  const wire = version === "2" ? ["--http2", "--cacert", caFile] : ["--http1.1"];
  const expect = isExpecting
    ? ["-H", "expect: 100-continue", "--expect100-timeout", String(timeoutMs)]
    : ["-H", "expect:"];
  const body = isDeclared ? ["--data-binary", "@-"] : ["-X", "POST", "-T", "-"];
  const bounds = ["-sS", "-m", String(timeoutMs / 1000), "-o", "/dev/null", "-w", "%{http_code}"];
  const type = ["-H", "content-type: application/json"];
  const { code, out } = await run(path, [...bounds, ...wire, ...type, ...expect, ...body, url], {
    input: bodyOf(bytes),
  });
  return code === 0 ? out : `curl (${code})`;
}

const curl: UploadClient = {
  name: "curl",
  canExpect: true,
  async tally(path, uploads) {
    const tallies: Tally[] = [];
    for (const upload of uploads) {
      const outcomes: string[] = [];
      for (let count = 0; count < times; count += 1) outcomes.push(await curlOnce(path, upload));
      tallies.push(tallyOf(outcomes, String(upload.status)));
    }
    return tallies;
  },
};

/** The Go client, built into .cache. */
export async function buildGoClient(go: Tool): Promise<Tool> {
  if (go.missing !== undefined) return go;
  const path = resolve(".cache/early-responses");
  await mkdir(".cache", { recursive: true });
  const { code, err } = await run(go.path, ["build", "-o", path, `${folder}/client.go`]);
  return code === 0 ? { path } : { missing: `the client could not be built: ${err.trim()}` };
}

/** The clients, each with the program that `tally` is given. */
export const clients = {
  curl,
  httpx: program("httpx", false, [`${folder}/client.py`]),
  go: program("Go", true, []),
  // Java 17 waits without end when what follows `expect` is not 100, whatever the server is.
  java: program("Java", false, [`${folder}/Client.java`]),
} as const;
