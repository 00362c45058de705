/**
 * The pages of docs/start and docs/recipes, and the one about upgrades, each carried out from top to bottom; those of
 * docs/start by language are in docs-languages.test.ts. What a page needs from
 * outside, such as a provider or an issuer of tokens, stands in for it here.
 */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { globSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { createInterface } from "node:readline";
import { exportJWK, generateKeyPair, SignJWT } from "jose";
import { expect, test } from "vitest";
import { launchChromium, noChromium } from "../support/chromium.ts";
import { manifestProblems, missingSchemas } from "../support/deploy.ts";
import { beginPage, languagePages, type PageFacts, type PageRun } from "../support/docs-page.ts";
import { missingForPython } from "../support/llm-clients/python.ts";
import { missingProgram, testWith } from "../support/needs.ts";
import { startProvider } from "../support/provider-double.ts";
import { missingRedis, startRedis } from "../support/redis-server.ts";
import { startTensorflow } from "../support/tensorflow-double.ts";

const timeoutMs = 90_000;

/** Carries all blocks out, but those marked with one of `others`, which it hands to `other`. */
async function carriedOut(
  page: string,
  facts: PageFacts = {},
  other: (run: PageRun, mark: string, code: string) => Promise<void> = async () => {},
  others: readonly string[] = [],
): Promise<void> {
  await using run = await beginPage(page, facts);
  for (const block of run.blocks) {
    if (others.includes(block.mark)) await other(run, block.mark, run.here(block.code));
    else await run.carryOut(block);
  }
}

const own: ReadonlyMap<string, () => Promise<void>> = new Map(
  Object.entries({
    "docs/start/browser.md": inBrowser,
    "docs/recipes/providers.md": withProviders,
    "docs/recipes/tensorflow-serving.md": withTensorflow,
    "docs/recipes/redis-limits.md": withRedis,
    "docs/recipes/jwt.md": withIssuer,
  }),
);

const needs: ReadonlyMap<string, string | undefined> = new Map(
  Object.entries({
    "docs/start/app.md": missingForPython,
    "docs/start/operator.md": missingProgram("grpcurl") ?? missingProgram("promtool"),
    "docs/start/browser.md": noChromium,
    "docs/recipes/redis-limits.md": missingRedis,
    "docs/recipes/mtls.md": missingProgram("openssl"),
  }),
);

const pages = globSync(["docs/start/*.md", "docs/recipes/*.md", "docs/upgrade.md"])
  .filter((page) => !languagePages.includes(page))
  .toSorted();

for (const page of pages) {
  testWith(needs.get(page))(
    `${page} does what it says`,
    own.get(page) ?? (() => carriedOut(page)),
    timeoutMs,
  );
}

test("each page has an own run or none, and no run is left without its page", () => {
  expect(pages.length).toBe(13);
  for (const page of [...own.keys(), ...needs.keys()]) expect(pages).toContain(page);
});

testWith(missingSchemas)(
  "the manifests of the page about Kubernetes fit their schemas",
  async () => {
    await using run = await beginPage("docs/recipes/kubernetes.md");
    const role = run.blocks.find(({ mark }) => mark === "role.yaml")?.code ?? "";
    const kinds = ["Role", "RoleBinding"];
    expect(manifestProblems(role).toSorted()).toEqual(kinds.map((kind) => `${kind}: statusValid `));
  },
);

/** The page in Chromium, from the origin that the gateway admits. */
async function inBrowser(): Promise<void> {
  await using browser = await launchChromium();
  await using servers = new AsyncDisposableStack();
  const serve = async (run: PageRun, _mark: string, code: string) => {
    const child = spawn("/bin/sh", ["-c", `exec ${code.trim()}`], {
      cwd: run.folder,
      detached: true,
    });
    servers.defer(async () => {
      const closed = once(child, "close");
      process.kill(-(child.pid ?? 0), "SIGKILL");
      await closed;
    });
    const [origin = ""] = /http:\/\/localhost:\d+/.exec(run.here("http://localhost:5173")) ?? [];
    for await (const line of createInterface({ input: child.stdout })) {
      if (line.includes(new URL(origin).port)) break;
    }
    const tab = await browser.newPage();
    await tab.goto(origin);
    await tab.waitForFunction("document.title === 'Done'");
    expect(await tab.textContent("#text")).toBe("hello from a page");
  };
  await carriedOut("docs/start/browser.md", {}, serve, ["serve"]);
}

/** Five providers, the first of which takes no calls. */
async function withProviders(): Promise<void> {
  await using openai = await startProvider("openai-chat");
  await using anthropic = await startProvider("anthropic");
  await using gpu = await startProvider("openai-chat");
  openai.illness = { kind: "status", status: 503 };
  const key = "a-key-of-a-provider";
  await carriedOut("docs/recipes/providers.md", {
    places: { "http://gpu.internal:8000": gpu.url },
    env: {
      OPENAI_API_KEY: key,
      OPENAI_BASE_URL: `${openai.url}/v1`,
      ANTHROPIC_API_KEY: key,
      ANTHROPIC_BASE_URL: anthropic.url,
      GEMINI_API_KEY: key,
      XAI_API_KEY: key,
    },
  });
  expect(openai.received.map(({ body }) => body.model)).toContain("gpt-4o-mini");
}

/** Two servers that answer as TensorFlow Serving does. */
async function withTensorflow(): Promise<void> {
  await using first = await startTensorflow();
  await using second = await startTensorflow();
  await carriedOut("docs/recipes/tensorflow-serving.md", {
    places: { "grpc://tf-1.internal:8500": first.url, "grpc://tf-2.internal:8500": second.url },
  });
  expect(first.calls.length + second.calls.length).toBe(2);
}

async function withRedis(): Promise<void> {
  await using redis = await startRedis();
  await carriedOut("docs/recipes/redis-limits.md", {
    places: { "redis://redis.internal:6379": redis.url },
  });
}

/** An issuer of tokens, and one token of it for this gateway and one for another. */
async function withIssuer(): Promise<void> {
  const { publicKey, privateKey } = await generateKeyPair("RS256");
  const keys = [{ ...(await exportJWK(publicKey)), kid: "one", alg: "RS256", use: "sig" }];
  const issuer = createServer((_request, response) => {
    response.setHeader("content-type", "application/json").end(JSON.stringify({ keys }));
  }).listen(0, "127.0.0.1");
  await using closing = new AsyncDisposableStack();
  closing.defer(() => void issuer.close());
  await once(issuer, "listening");
  const tokenFor = (audience: string) =>
    new SignJWT({})
      .setProtectedHeader({ alg: "RS256", kid: "one" })
      .setIssuer("https://id.example.com")
      .setAudience(audience)
      .setSubject("alice")
      .setExpirationTime("5m")
      .sign(privateKey);
  const at = `http://127.0.0.1:${(issuer.address() as AddressInfo).port}/jwks`;
  await carriedOut("docs/recipes/jwt.md", {
    places: { "https://id.example.com/.well-known/jwks.json": at },
    env: { TOKEN: await tokenFor("polygate"), TOKEN_FOR_OTHERS: await tokenFor("another") },
  });
}
