import { execFile } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";
import { expect, test } from "vitest";
import type { ServerStream } from "#http2/server-stream.ts";
import { http2Listener } from "../support/http2-listener.ts";

/** The suite's program: `go install github.com/summerwind/h2spec/cmd/h2spec@latest` puts it here. */
function findH2spec(): string | undefined {
  const folders = [...(process.env.PATH ?? "").split(delimiter), join(homedir(), "go", "bin")];
  return folders
    .map((folder) => join(folder, "h2spec"))
    .find((file) => {
      try {
        accessSync(file, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}

const h2spec = findH2spec();

/** Answers once the request is whole: the suite's cases count on open streams staying open. */
async function answer(stream: ServerStream): Promise<void> {
  await stream.body(1 << 20);
  stream.respond(200, [["content-type", "text/plain"]], "an answer of more than a few bytes");
}

for (const tls of [false, true]) {
  test.skipIf(h2spec === undefined)(
    `every case of h2spec passes over ${tls ? "TLS" : "cleartext"} (skipped where h2spec is not installed)`,
    { timeout: 120_000 },
    async () => {
      await using listener = await http2Listener({ onStream: answer, tls });
      const args = ["--strict", "-h", "127.0.0.1", "-p", String(listener.port)];
      if (tls) args.push("-t", "-k");
      const { promise, resolve } = Promise.withResolvers<string>();
      execFile(h2spec ?? "", args, (_error, stdout) => resolve(stdout));
      const report = await promise;
      const failures = report.indexOf("Failures:");
      expect(failures < 0 ? "" : report.slice(failures)).toBe("");
      expect(report).toMatch(/14\d tests, 14\d passed, 0 skipped, 0 failed/);
    },
  );
}
