/** The command line as a process: exit codes, a taken port, signals. */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";
import { describe, expect, test } from "vitest";
import { freePort } from "../support/free-port.ts";

function polygate(...args: string[]): ChildProcess {
  return spawn(process.execPath, ["-C", "source", "src/cli/main.ts", ...args], {
    stdio: ["ignore", "pipe", "pipe"],
  });
}

async function outcome(child: ChildProcess) {
  const [out, err, [code]] = await Promise.all([
    text(child.stdout!),
    text(child.stderr!),
    once(child, "close"),
  ]);
  return { code, out, err };
}

describe("polygate", () => {
  test("an unknown command prints the help and exits with 2", async () => {
    const { code, err } = await outcome(polygate("frobnicate"));
    expect(code).toBe(2);
    expect(err).toContain("unknown command");
    expect(err).toContain("Usage: polygate");
  });

  test("version prints the package's version", async () => {
    const { code, out } = await outcome(polygate("version"));
    expect(code).toBe(0);
    expect(out).toMatch(/^polygate \d+\.\d+\.\d+ /);
  });

  test("check exits with 1 and names the problem", async () => {
    const { code, err } = await outcome(polygate("check", "--port", "x"));
    expect(code).toBe(1);
    expect(err).toBe("flag --port: gateway.port: expected a whole number from 0 to 65535\n");
  });
});

describe("polygate serve", () => {
  test("a log reader that stops reading stops neither calls nor the drain", async () => {
    const port = await freePort();
    const child = polygate("serve", "--host", "127.0.0.1", "--port", String(port));
    const exited = once(child, "exit");
    const banner = Promise.withResolvers<void>();
    child.stdout!.on("data", (chunk) => String(chunk).includes("  models ") && banner.resolve());
    await banner.promise;
    child.stdout!.removeAllListeners("data").pause();
    // Each leaves a line: together more than pipe and stream hold.
    for (let index = 0; index < 1_500; index += 1) {
      const answer = await fetch(`http://127.0.0.1:${port}/nope`);
      await answer.text();
    }
    child.kill("SIGTERM");
    expect((await exited)[0]).toBe(0);
  });
});

describe("polygate core", () => {
  test("SIGHUP is logged, and the core goes on", async () => {
    const child = polygate("core", "--port", "0");
    const closed = once(child, "close");
    const lines = createInterface({ input: child.stdout! });
    await once(lines, "line");
    child.kill("SIGHUP");
    const [line] = await once(lines, "line");
    expect(JSON.parse(line)).toMatchObject({ level: "warn", signal: "SIGHUP" });
    child.kill("SIGTERM");
    expect((await closed)[0]).toBe(0);
  });

  test.each(["SIGTERM", "SIGINT"] as const)("%s drains and exits with 0", async (signal) => {
    const child = polygate("core", "--port", "0");
    const closed = once(child, "close");
    const lines = createInterface({ input: child.stdout! });
    const [line] = await once(lines, "line");
    expect(JSON.parse(line)).toMatchObject({
      msg: "core listens",
      url: expect.stringMatching(/^http/),
    });
    child.kill(signal);
    expect((await closed)[0]).toBe(0);
  });

  test("a taken port is named, and the exit code is 1", async () => {
    const holder = createServer().listen(0, "127.0.0.1");
    await once(holder, "listening");
    const address = holder.address();
    const port = typeof address === "object" ? address?.port : undefined;
    const { code, err } = await outcome(polygate("core", "--port", String(port)));
    holder.close();
    expect(code).toBe(1);
    expect(err).toBe(
      `the core could not start: listener core: 127.0.0.1:${port} is taken by another process (EADDRINUSE)\n`,
    );
  });
});
