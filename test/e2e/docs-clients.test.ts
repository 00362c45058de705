/**
 * The pages of docs/clients, carried out: each block that is marked `run` is run as it stands, on a
 * gateway at a free port in place of 8080, whose model `fast` says "Hello there". What is marked `agent`
 * is run by test/verify/agents.ts.
 */

import { execFile } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type RunningGateway, startTestGateway } from "../support/gateway.ts";
import { missingForPython } from "../support/llm-clients/python.ts";
import { python, testWith } from "../support/needs.ts";
import { type ProviderDouble, startProvider } from "../support/provider-double.ts";

const folder = "docs/clients";
const pages = readdirSync(folder).map((name) => {
  const text = readFileSync(`${folder}/${name}`, "utf8");
  const blocks = [...text.matchAll(/^```(\w+) (\w+)\n([\s\S]*?)^```$/gm)];
  return {
    name,
    blocks: blocks.map(([, language = "", mark = "", code = ""]) => ({ language, mark, code })),
  };
});

let provider: ProviderDouble;
let gateway: RunningGateway;
// Inside of the repository, so that packages are found.
const scratch = ".cache/docs-clients";

beforeAll(async () => {
  mkdirSync(scratch, { recursive: true });
  provider = await startProvider("anthropic");
  const yaml = `
gateway: { host: 127.0.0.1, port: 0 }
auth: { keys: [{ name: docs, key: your-gateway-key }] }
providers: { double: { dialect: anthropic, base_url: "${provider.url}", api_key: upstream-key } }
routes: { fast: double/double }
`;
  gateway = await startTestGateway({ yaml });
});

afterAll(async () => {
  rmSync(scratch, { recursive: true });
  await gateway[Symbol.asyncDispose]();
  await provider[Symbol.asyncDispose]();
});

/** How a block of a language is run. */
function commandOf(language: string, code: string): readonly [file: string, args: string[]] {
  switch (language) {
    case "sh":
      return ["/bin/sh", ["-c", code]];
    case "python":
      return [python, ["-c", code]];
    default: {
      const path = `${scratch}/${code.length}.ts`;
      writeFileSync(path, code);
      return [process.execPath, [path]];
    }
  }
}

test("each family of clients has a page with something to run", () => {
  expect(pages.map(({ name }) => name).sort()).toEqual([
    "anthropic.md",
    "claude-code.md",
    "codex.md",
    "curl.md",
    "google-genai.md",
    "langchain.md",
    "openai.md",
    "vercel-ai-sdk.md",
  ]);
  for (const { name, blocks } of pages) {
    expect(blocks.length, name).toBeGreaterThan(0);
    for (const { mark } of blocks) expect(["run", "agent"]).toContain(mark);
  }
});

for (const { name, blocks } of pages) {
  const runs = blocks.filter(({ mark }) => mark === "run");
  if (runs.length === 0) continue;
  describe(name, () => {
    for (const { language, code } of runs) {
      const row = language === "python" ? testWith(missingForPython) : test;
      row(`its ${language} says hello, with each call that it makes`, async () => {
        const before = provider.received.length;
        const here = code.replaceAll("http://localhost:8080", gateway.url);
        expect(here).not.toBe(code);
        const [file, args] = commandOf(language, here);
        const env = { PATH: process.env.PATH, NODE_PATH: "node_modules" };
        const { stdout } = await promisify(execFile)(file, args, { env });
        const said = stdout.split("Hello there").length - 1;
        expect(said, stdout).toBeGreaterThan(0);
        expect(said, stdout).toBe(provider.received.length - before);
      });
    }
  });
}
