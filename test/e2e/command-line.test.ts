/** The command line as a process: exit codes, a taken port, signals. */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync, renameSync } from "node:fs";
import { cp, readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";
import { describe, expect, onTestFinished, test } from "vitest";
import { surfaceNames } from "#surface-table.ts";
import { freePort } from "../support/free-port.ts";
import { missingProgram, testWith } from "../support/needs.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

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
  test.each([
    { word: "chekc", told: 'polygate: unknown command "chekc" (did you mean check?)\n' },
    { word: "frobnicate", told: 'polygate: unknown command "frobnicate"\n' },
    { word: "a\u001b[2J", told: 'polygate: unknown command "a\\u001b[2J"\n' },
  ])(
    "an unknown command is named, the help follows, the exit code is 2",
    async ({ word, told }) => {
      const { code, err } = await outcome(polygate(word));
      expect(code).toBe(2);
      expect(err.startsWith(told), err).toBe(true);
      expect(err).toContain("Usage: polygate");
    },
  );

  test.each(["version", "--version", "-v"])("%s prints the package's version", async (word) => {
    const { code, out } = await outcome(polygate(word));
    expect(code).toBe(0);
    expect(out).toMatch(/^polygate \d+\.\d+\.\d+ /);
  });

  test("its entry says on an older Node what it needs, in words that such a Node can parse", async () => {
    await using folder = await temporaryFolder();
    const older = join(folder.path, "older.cjs");
    await writeFile(
      older,
      `Object.defineProperty(process.versions, "node", { value: "20.20.2" });`,
    );
    const { code, out, err } = await outcome(
      spawn(process.execPath, ["-r", older, "bin/polygate.cjs", "version"], {
        stdio: ["ignore", "pipe", "pipe"],
      }),
    );
    expect({ code, out, err }).toEqual({
      code: 1,
      out: "",
      err: "polygate needs Node >= 24.9, this is 20.20.2\n",
    });
    const entry = await readFile("bin/polygate.cjs", "utf8");
    expect(entry).not.toMatch(/=>|`|\?\.|\?\?|\b(const|let|class|async|await)\b/);
  });

  test("its entry says where nothing is built yet what to run", async () => {
    await using folder = await temporaryFolder();
    const entry = join(folder.path, "bin/polygate.cjs");
    await cp("bin/polygate.cjs", entry);
    await cp("package.json", join(folder.path, "package.json"));
    const { code, out, err } = await outcome(
      spawn(process.execPath, [entry, "version"], { stdio: ["ignore", "pipe", "pipe"] }),
    );
    expect({ code, out, err }).toEqual({
      code: 1,
      out: "",
      err: "polygate is not built here: run npm run build, or npm start to run its source\n",
    });
  });

  test("its entry runs the command", async () => {
    const { code, out } = await outcome(
      spawn(process.execPath, ["-C", "source", "bin/polygate.cjs", "version"], {
        stdio: ["ignore", "pipe", "pipe"],
      }),
    );
    expect({ code, out }).toEqual({ code: 0, out: expect.stringMatching(/^polygate \d/) });
  });

  test("check exits with 1 and names the problem", async () => {
    const { code, err } = await outcome(polygate("check", "--port", "x"));
    expect(code).toBe(1);
    expect(err).toBe("flag --port: gateway.port: expected an integer from 0 to 65535\n");
  });
});

describe("polygate serve", () => {
  test("stdout that is no terminal gets JSON lines only, from `listening` to `stopped`", async () => {
    const child = polygate("serve", "--host", "127.0.0.1", "--port", "0");
    const closed = once(child, "close");
    const complaints = text(child.stderr!);
    const lines: Record<string, unknown>[] = [];
    for await (const line of createInterface({ input: child.stdout! })) {
      lines.push(JSON.parse(line));
      if (lines.at(-1)?.msg === "up") child.kill("SIGTERM");
    }
    const [code] = await closed;
    expect(lines).toContainEqual(
      expect.objectContaining({
        level: "info",
        msg: "listening",
        listeners: [
          {
            name: "gateway",
            url: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/),
            serves: [...surfaceNames],
            asks: "open to everybody, with scope route",
          },
        ],
      }),
    );
    const up = lines.findIndex(({ msg }) => msg === "up");
    expect(lines[up]).toMatchObject({ version: expect.any(String), backends: expect.any(Array) });
    expect(lines.at(-1)).toMatchObject({ level: "info", msg: "stopped" });
    expect({ code, err: await complaints }).toEqual({ code: 0, err: "" });
  });

  testWith(missingProgram("script"))("a terminal gets text and the banner", async () => {
    const command = `${process.execPath} -C source src/cli/main.ts serve --host 127.0.0.1 --port 0`;
    const child = spawn("script", ["-qec", command, "/dev/null"], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    const lines: string[] = [];
    for await (const line of createInterface({ input: child.stdout! })) {
      lines.push(line.trimEnd());
      if (line.includes("npx buf curl")) break;
    }
    const closed = once(child, "close");
    child.kill("SIGTERM");
    await closed;
    expect(lines.filter((line) => line.startsWith("{"))).toEqual([]);
    expect(lines).toContainEqual(expect.stringMatching(/ INFO listening/));
    expect(lines).toContain("Try it");
  });

  testWith(missingProgram("script"))(
    "from a clone the banner is on the first screen of 80 by 24, and each of its lines works as pasted",
    async () => {
      const port = await freePort();
      const command = `stty cols 80 rows 24; npm start -- --host 127.0.0.1 --port ${port}`;
      const child = spawn("script", ["-qec", command, "/dev/null"], {
        stdio: ["ignore", "pipe", "pipe"],
      });
      onTestFinished(() => void child.kill("SIGTERM"));
      const lines: string[] = [];
      for await (const line of createInterface({ input: child.stdout! })) {
        lines.push(line.trimEnd());
        if (line.includes("npx buf curl")) break;
      }
      const rows = lines.map((line) => Math.max(1, Math.ceil(line.length / 80)));
      expect(
        rows.reduce((sum, one) => sum + one),
        lines.join("\n"),
      ).toBeLessThanOrEqual(24);

      const tries = lines.slice(lines.indexOf("Try it") + 1).map((line) => line.trim());
      expect(tries).toHaveLength(5);
      for (const pasted of tries) {
        // What is live shows itself until somebody leaves.
        const line = / top( |$)/.test(pasted) ? `${pasted} --count 1` : pasted;
        const { code, out } = await outcome(
          spawn("bash", ["-c", line], { stdio: ["ignore", "pipe", "pipe"] }),
        );
        expect({ line, code, isSaid: out.trim() !== "" }).toEqual({ line, code: 0, isSaid: true });
      }
      const closed = once(child, "close");
      child.kill("SIGTERM");
      await closed;
    },
    120_000,
  );

  test("a log reader that stops reading stops neither calls nor the drain", async () => {
    const port = await freePort();
    const child = polygate("serve", "--host", "127.0.0.1", "--port", String(port));
    const exited = once(child, "exit");
    const listening = Promise.withResolvers<void>();
    child.stdout!.on("data", (chunk) => String(chunk).includes("listening") && listening.resolve());
    await listening.promise;
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

describe("polygate serve with a log file", () => {
  test("the file takes every line, also after it was moved away and SIGHUP", async () => {
    await using folder = await temporaryFolder();
    const port = await freePort();
    const config = await folder.write("gateway.yaml", "logging: { output: gateway.log }\n");
    const log = join(folder.path, "gateway.log");
    const serve = ["serve", "--host", "127.0.0.1", "--port", String(port), "--config", config];
    const child = polygate(...serve);
    const closed = once(child, "close");
    const has = (file: string, message: string) =>
      expect.poll(() => readFileSync(file, "utf8"), { timeout: 20_000 }).toContain(message);
    await expect.poll(() => existsSync(log), { timeout: 20_000 }).toBe(true);
    await has(log, '"msg":"listening"');
    renameSync(log, `${log}.1`);
    child.kill("SIGHUP");
    await expect.poll(() => existsSync(log), { timeout: 20_000 }).toBe(true);
    child.kill("SIGTERM");
    expect((await closed)[0]).toBe(0);
    await has(log, '"msg":"stopped"');
    const lines = [`${log}.1`, log].flatMap((file) => readFileSync(file, "utf8").split("\n"));
    for (const line of lines.filter((text) => text !== "")) JSON.parse(line);
  });

  test("a file that cannot be opened is why it does not start", async () => {
    await using folder = await temporaryFolder();
    // A folder, where a file should be.
    const config = await folder.write("gateway.yaml", "logging: { output: . }\n");
    const { code, err } = await outcome(polygate("serve", "--port", "0", "--config", config));
    expect(code).toBe(1);
    expect(err).toContain("polygate could not start: logging.output: EISDIR");
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
      msg: "listening",
      listeners: [{ name: "core", url: expect.stringMatching(/^http/), serves: ["rpc"] }],
    });
    let last = "";
    lines.on("line", (next) => {
      last = next;
    });
    child.kill(signal);
    expect((await closed)[0]).toBe(0);
    expect(JSON.parse(last)).toMatchObject({ level: "info", msg: "stopped" });
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
