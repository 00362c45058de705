/** `polygate top` over a real gateway: lines of JSON in a pipe, a picture on a terminal, a gateway that goes away. */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { expect, test } from "vitest";
import { top } from "#cli/top.ts";
import { runCommand } from "../support/console.ts";
import { freePort } from "../support/free-port.ts";
import { startTestGateway } from "../support/gateway.ts";
import { missingProgram, testWith } from "../support/needs.ts";
import { fromSource } from "../support/polygate-process.ts";

async function chatWith(url: string): Promise<void> {
  const response = await fetch(`${url}/api/v1/chat`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: '{"message": "hello"}',
  });
  await response.text();
}

test("in a pipe each interval is a line of JSON: what the calls of that interval came to", async () => {
  await using gateway = await startTestGateway();
  await chatWith(gateway.url);
  const argv = ["--server", gateway.url, "--interval", "100ms", "--count", "3"];
  let lines = 0;
  const called = Promise.withResolvers<void>();
  const { code, out } = await runCommand(top, argv, {
    onWrite: () => {
      lines += 1;
      if (lines === 1) void chatWith(gateway.url).then(called.resolve);
    },
  });
  await called.promise;
  const readings = out
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
  expect({ code, count: readings.length }).toEqual({ code: 0, count: 3 });
  for (const reading of readings) {
    expect(reading).toMatchObject({
      all: { name: "all calls", error_share: 0, in_flight: expect.any(Number) },
      backends: expect.arrayContaining([expect.objectContaining({ name: "embedded" })]),
      methods: [expect.objectContaining({ name: "polygate.v1.ChatService/Chat" })],
    });
  }
});

test("on a terminal --once leaves one picture: providers, models and methods", async () => {
  await using gateway = await startTestGateway();
  await chatWith(gateway.url);
  const { code, out } = await runCommand(top, ["--once", "--server", gateway.url], {
    terminals: ["stdout"],
    env: { NO_COLOR: "1" },
  });
  expect(code).toBe(0);
  const lines = out.trimEnd().split("\n");
  expect(lines[0]).toMatch(/^polygate \d+\.\d+\.\d+ at http.*, up .*, \d+ MB, since its start$/);
  expect(lines[1]).toMatch(/calls\/s {3}0\.0% errors {3}\d+ active {3}p50 /);
  for (const head of ["PROVIDER", "MODEL", "METHOD"]) {
    expect(out).toMatch(new RegExp(`^${head} +CALLS/S +ERRORS +ACTIVE +P50`, "m"));
  }
  expect(out).toMatch(/^embedded +\d/m);
  expect(out).toMatch(/^ChatService\/Chat +\d/m);
  expect(lines.every((line) => line.length <= 110)).toBe(true);
});

testWith(missingProgram("script"))(
  "on a terminal it redraws on a screen of its own, outlives its gateway, and q gives the terminal back",
  async () => {
    const port = await freePort();
    const yaml = `gateway: { host: 127.0.0.1, port: ${port} }`;
    let gateway = await startTestGateway({ yaml });
    const words = fromSource("top", "--interval", "100ms", "--server", gateway.url).join(" ");
    const child = spawn("script", ["-qec", `stty cols 100 rows 30; ${words}`, "/dev/null"], {
      stdio: ["pipe", "pipe", "pipe"],
      env: { ...process.env, TERM: "xterm", NO_COLOR: "" },
    });
    let seen = "";
    child.stdout.on("data", (piece) => {
      seen += piece;
    });
    const shows = (text: string) => expect.poll(() => seen, { timeout: 20_000 }).toContain(text);
    await shows("q leaves, p holds");
    expect(seen).toContain("\u001b[?1049h\u001b[?25l");
    await chatWith(gateway.url);
    await shows("ChatService/Chat");
    await gateway[Symbol.asyncDispose]();
    await shows("away: UNAVAILABLE");
    seen = "";
    gateway = await startTestGateway({ yaml });
    await shows("q leaves, p holds");
    const closed = once(child, "close");
    child.stdin.write("q");
    expect(await closed).toEqual([0, null]);
    expect(seen).toContain("\u001b[?25h\u001b[?1049l");
    await gateway[Symbol.asyncDispose]();
  },
  60_000,
);

test("a gateway that is not there, and times that cannot be, are told", async () => {
  const server = `http://127.0.0.1:${await freePort()}`;
  expect(await runCommand(top, ["--server", server])).toMatchObject({ code: 78, out: "" });
  for (const argv of [
    ["--interval", "1ms"],
    ["--count", "0"],
    ["--intervall", "1s"],
  ]) {
    expect(await runCommand(top, argv)).toMatchObject({
      code: 2,
      err: expect.stringContaining("flag --"),
    });
  }
});
