import { execFile } from "node:child_process";
import { homedir } from "node:os";
import { join } from "node:path";
import { expect } from "vitest";
import type { ServerStream } from "#http2/server-stream.ts";
import { http2Listener } from "../support/http2-listener.ts";
import { programPath, testWith } from "../support/needs.ts";

/** The suite's program: `go install github.com/summerwind/h2spec/cmd/h2spec@latest` puts it here. */
const h2spec = programPath("h2spec", [join(homedir(), "go", "bin")]);
const missing = h2spec === undefined ? "h2spec is not installed" : undefined;

/** Answers once the request is whole: the suite's cases count on open streams staying open. */
async function answer(stream: ServerStream): Promise<void> {
  await stream.body(1 << 20);
  stream.respond(200, [["content-type", "text/plain"]], "an answer of more than a few bytes");
}

for (const tls of [false, true]) {
  testWith(missing)(
    `every case of h2spec passes over ${tls ? "TLS" : "cleartext"}`,
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
