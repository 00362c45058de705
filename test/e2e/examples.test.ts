/**
 * The folders of `examples`, each in an empty folder outside of the repository, with packed artefacts
 * alone, by the commands of its README. Those that need minutes are run by `npm run test:clients`.
 */

import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { cp, readdir, readFile, writeFile } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { promisify } from "node:util";
import type { Page } from "playwright-core";
import { beforeAll, describe, expect, test, vi } from "vitest";
import { launchChromium, noChromium } from "../support/chromium.ts";
import { gatewayKey, runReadme } from "../support/client-gateway.ts";
import { blocksOf } from "../support/docs-blocks.ts";
import { freePort } from "../support/free-port.ts";
import { startTestGateway } from "../support/gateway.ts";
import { missingProgram, missingPythonPackage, python, testWith } from "../support/needs.ts";
import { packedEnv, packGateway, packTypescriptClient } from "../support/packed.ts";
import { startProvider } from "../support/provider-double.ts";
import { type TemporaryFolder, temporaryFolder } from "../support/temporary-folder.ts";

const run = promisify(execFile);
const installTimeoutMs = 600_000;
const isAsked = process.env.CLIENTS_TEST !== undefined;
if (!isAsked) console.log("skipped: `npm run test:clients` asks for examples that are installed");
/** A test that takes minutes. */
const longWith = (missing?: string) => (isAsked ? testWith(missing) : test.skip);

/** A copy of an example in an empty folder. */
async function copyOf(name: string): Promise<TemporaryFolder> {
  const folder = await temporaryFolder();
  await cp(`examples/${name}`, folder.path, { recursive: true });
  return folder;
}

/** A gateway whose models are a double's, and the environment by which examples find it. */
async function startGateway({ more = "", key = gatewayKey } = {}) {
  await using opening = new AsyncDisposableStack();
  const provider = opening.use(await startProvider("openai-chat"));
  const yaml = `
gateway: { host: 127.0.0.1, port: 0 }
providers: { openai: { base_url: "${provider.url}/v1", api_key: upstream-key } }
routes: { default: openai/gpt-4o-mini }
${key === "" ? "" : `auth: { keys: [{ name: examples, key: ${key} }] }`}
${more}`;
  const gateway = opening.use(await startTestGateway({ yaml }));
  const owned = opening.move();
  const env = { ...packedEnv, POLYGATE_URL: gateway.url, POLYGATE_KEY: key };
  return { provider, url: gateway.url, env, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

/** Starts what the README's plain block says, and waits until it answers at `origin`. */
async function serve(name: string, cwd: string, env: NodeJS.ProcessEnv, origin: string) {
  const code = blocksOf(`examples/${name}/README.md`).find(({ mark }) => mark === "")?.code ?? "";
  const child = spawn("/bin/sh", ["-c", `exec ${code.trim()}`], {
    cwd,
    env,
    detached: true,
    stdio: "ignore",
  });
  await vi.waitFor(async () => expect((await fetch(origin)).status).toBe(200), {
    timeout: 30_000,
    interval: 100,
  });
  return {
    async [Symbol.asyncDispose]() {
      const closed = once(child, "close");
      process.kill(-(child.pid ?? 0), "SIGKILL");
      await closed;
    },
  };
}

async function say(tab: Page, text: string): Promise<void> {
  await tab.getByLabel("Message").fill(text);
  await tab.getByRole("button", { name: "Send" }).click();
}

const names = [
  "batch-predictor",
  "browser-chat",
  "dashboard",
  "langchain-agent",
  "load-test",
  "nextjs",
];

test("each example has a README of a screen, and is run here or by package.test.ts", async () => {
  expect((await readdir("examples")).toSorted()).toEqual(names);
  for (const name of names) {
    const readme = readFileSync(`examples/${name}/README.md`, "utf8");
    expect(readme.split("\n").length, name).toBeLessThan(22);
    expect(readFileSync("docs/library.md", "utf8"), name).toContain(`examples/${name}/README.md`);
  }
});

test("the chat of a page is not longer than 60 lines", async () => {
  const code = await readFile("examples/browser-chat/chat.ts", "utf8");
  expect(code.split("\n").length).toBeLessThanOrEqual(60);
});

testWith(noChromium)(
  "browser-chat: answers appear, a question knows the turns before it, Stop ends it at the provider",
  async () => {
    await using packs = await temporaryFolder();
    await using folder = await copyOf("browser-chat");
    const { path } = await packTypescriptClient(packs.path);
    await cp(path, join(folder.path, basename(path)));
    const port = await freePort();
    const origin = `http://localhost:${port}`;
    const scripts = join(folder.path, "package.json");
    await writeFile(scripts, (await readFile(scripts, "utf8")).replaceAll("5173", String(port)));
    await using gateway = await startGateway({ key: "", more: `cors: { origins: ["${origin}"] }` });
    const env = { ...gateway.env, VITE_POLYGATE_URL: gateway.url };
    await runReadme("examples/browser-chat/README.md", folder, { url: gateway.url, env });
    const tsc = resolve("node_modules/.bin/tsc");
    expect((await run(tsc, ["-p", folder.path], { env })).stdout).toBe("");

    await using _page = await serve("browser-chat", folder.path, env, origin);
    await using browser = await launchChromium();
    const tab = await browser.newPage();
    await tab.goto(origin);
    gateway.provider.script = { text: "Hello there" };
    await say(tab, "Say hello");
    await tab.locator(".assistant", { hasText: "Hello there" }).waitFor();
    await tab.getByRole("button", { name: "Stop", disabled: true }).waitFor();
    await say(tab, "And again");
    await tab.locator(".assistant", { hasText: "Hello there" }).nth(1).waitFor();
    expect(gateway.provider.received.at(-1)?.body.messages).toMatchObject([
      { role: "user", content: "Say hello" },
      { role: "assistant", content: "Hello there" },
      { role: "user", content: "And again" },
    ]);

    await tab.getByRole("button", { name: "Stop", disabled: true }).waitFor();
    gateway.provider.delayMs = 60_000;
    await say(tab, "Think long");
    await vi.waitFor(() => expect(gateway.provider.open()).toBe(1));
    await tab.getByRole("button", { name: "Stop" }).click();
    await vi.waitFor(() => expect(gateway.provider.open()).toBe(0));
    expect(await tab.getByRole("alert").count()).toBe(0);
  },
  installTimeoutMs,
);

/** The rows that the batch predictor prints for the ten digits. */
const digitRows = Array.from({ length: 10 }, (_, digit) => `images/${digit}.png,${digit},`);

async function withImages(name: string): Promise<TemporaryFolder> {
  const folder = await copyOf(name);
  await cp("models/digits/examples", join(folder.path, "images"), { recursive: true });
  return folder;
}

testWith(missingPythonPackage("grpc") ?? missingPythonPackage("tqdm"))(
  "batch-predictor: what fails is named by its reason, the rest is labelled, and the exit code is 1",
  async () => {
    await using folder = await withImages("batch-predictor");
    await using gateway = await startGateway();
    await writeFile(join(folder.path, "images/no.png"), "no image");
    const images = [
      ...Array.from({ length: 10 }, (_, digit) => `images/${digit}.png`),
      "images/no.png",
    ];
    const env = { ...gateway.env, PYTHONPATH: resolve("clients/python/src") };
    const failed = run(python, ["predict.py", ...images], { cwd: folder.path, env });
    const { code, stdout, stderr } = (await failed.catch((thrown: unknown) => thrown)) as Record<
      string,
      unknown
    >;
    expect(code).toBe(1);
    for (const row of digitRows) expect(stdout).toContain(row);
    expect(stderr).toContain("images/no.png: IMAGE_INVALID: ");
    expect(stderr).toContain("11/11");
  },
  60_000,
);

longWith(missingPythonPackage("hatchling"))(
  "batch-predictor: packed, by its README",
  async () => {
    await using folder = await withImages("batch-predictor");
    await using gateway = await startGateway();
    const wheel = [
      "-m",
      "pip",
      "wheel",
      "-q",
      "--no-deps",
      "--no-build-isolation",
      "-w",
      folder.path,
      ".",
    ];
    await run(python, wheel, { cwd: "clients/python" });
    const printed = await runReadme("examples/batch-predictor/README.md", folder, gateway);
    for (const row of digitRows) expect(printed).toContain(row);
  },
  installTimeoutMs,
);

testWith(missingProgram("gofmt"))("load-test: its code is formatted as Go's is", async () => {
  expect((await run("gofmt", ["-l", "examples/load-test"])).stdout).toBe("");
});

longWith(missingProgram("go"))(
  "load-test: packed, by its README; failures are counted by reason",
  async () => {
    await using folder = await copyOf("load-test");
    await using gateway = await startGateway();
    await run("tar", ["-czf", `${folder.path}/polygate-go.tgz`, "."], { cwd: "clients/go" });
    const printed = await runReadme("examples/load-test/README.md", folder, gateway);
    expect(printed).toMatch(
      /^[1-9]\d* calls answered in 5\.\d s: \d+ a second\n {2}50 % within [\s\S]*\n(?:3\d|4[01]) calls answered in 2\.\d s: /,
    );
    expect(printed).not.toContain("failed");
    const unknown = ["run", ".", "-duration", "1s", "-rate", "10", "-model", "nobody"];
    const failed = run("go", unknown, { cwd: folder.path, env: gateway.env });
    await expect(failed).rejects.toMatchObject({
      stdout: expect.stringMatching(/^0 calls answered[\s\S]*\d+ failed: MODEL_UNKNOWN\n$/),
    });
  },
  installTimeoutMs,
);

longWith()(
  "langchain-agent: the model calls the tool, which asks the model of digits, and speaks of what it was told",
  async () => {
    await using folder = await copyOf("langchain-agent");
    await using gateway = await startGateway();
    await cp("models/digits/examples/7.png", join(folder.path, "digit.png"));
    const call = { id: "call_1", name: "read_digit", arguments: `{"file": "digit.png"}` };
    gateway.provider.scripts.push(
      { id: "chatcmpl-1", text: "", toolCall: call },
      { id: "chatcmpl-2", text: "It is a seven." },
    );
    const printed = await runReadme("examples/langchain-agent/README.md", folder, gateway);
    expect(printed.trim()).toBe("It is a seven.");
    const [first, second] = gateway.provider.received.map(({ body }) => JSON.stringify(body));
    expect(first).toContain("Which digit is on digit.png?");
    expect(second).toContain(String.raw`\"label\":\"7\"`);
  },
  installTimeoutMs,
);

describe("nextjs", () => {
  let packed: string;

  beforeAll(async () => {
    if (!isAsked) return;
    const packs = await temporaryFolder();
    packed = (await packGateway(packs.path)).path;
    return () => packs[Symbol.asyncDispose]();
  }, installTimeoutMs);

  longWith(noChromium)(
    "packed, by its README: a chat whose key stays on the server, and the dashboard",
    async () => {
      await using folder = await copyOf("nextjs");
      await cp(packed, join(folder.path, basename(packed)));
      await using gateway = await startGateway();
      const port = await freePort();
      const env = {
        ...gateway.env,
        NODE_ENV: "production" as const,
        NEXT_TELEMETRY_DISABLED: "1",
        POLYGATE_MODEL: "default",
        PORT: String(port),
      };
      // What builds an app is a devDependency of it.
      await runReadme("examples/nextjs/README.md", folder, {
        url: gateway.url,
        env: { ...env, NODE_ENV: undefined },
      });
      const origin = `http://localhost:${port}`;
      await using _app = await serve("nextjs", folder.path, env, origin);
      await using browser = await launchChromium();
      const tab = await browser.newPage();
      const sent: string[] = [];
      tab.on("request", (request) => sent.push(JSON.stringify(request.headers())));
      await tab.goto(origin);
      gateway.provider.script = { text: "Hello there" };
      await say(tab, "Say hello");
      await tab.locator(".assistant", { hasText: "Hello there" }).waitFor();
      expect(gateway.provider.received.at(-1)?.body.messages).toMatchObject([
        { role: "user", content: "Say hello" },
      ]);
      expect(sent.filter((headers) => headers.includes(gatewayKey))).toEqual([]);
      await tab.goto(`${origin}/monitoring`);
      await tab.locator("section.pg-dashboard").waitFor();
    },
    installTimeoutMs,
  );
});
