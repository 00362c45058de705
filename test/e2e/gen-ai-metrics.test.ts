/** `gen_ai_*` on /metrics: one observation per call of a model, by names that only the configuration and providers choose. */

import { spawnSync } from "node:child_process";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { type RunningGateway, startTestGateway } from "../support/gateway.ts";
import { missingProgram, testWith } from "../support/needs.ts";
import { type ProviderDouble, startProvider } from "../support/provider-double.ts";

let openai: ProviderDouble;
let anthropic: ProviderDouble;
let gateway: RunningGateway;

beforeAll(async () => {
  openai = await startProvider("openai-chat");
  anthropic = await startProvider("anthropic");
  gateway = await startTestGateway({
    yaml: `
gateway: { host: 127.0.0.1, port: 0 }
load_balancer: { retry_attempts: 1 }
providers:
  gpu: { dialect: openai, base_url: "${openai.url}", api_key: k }
  claude: { dialect: anthropic, base_url: "${anthropic.url}", api_key: k }
routes:
  careful: { fallback: [{ provider: gpu, model: large }, { provider: claude, model: double }] }
`,
  });
}, 30_000);

afterAll(async () => {
  await gateway[Symbol.asyncDispose]();
  await openai[Symbol.asyncDispose]();
  await anthropic[Symbol.asyncDispose]();
});

beforeEach(() => {
  openai.illness = undefined;
});

async function page(): Promise<string> {
  const response = await fetch(`${gateway.url}/metrics`);
  expect(response.headers.get("content-type")).toContain("text/plain; version=0.0.4");
  return await response.text();
}

/** What a label set counted, by the label set, of a family's `_count` or `_sum`. */
async function samples(name: string): Promise<ReadonlyMap<string, number>> {
  const found = new Map<string, number>();
  for (const line of (await page()).split("\n")) {
    const [, labels = "", value] = new RegExp(`^${name}\\{(.*)\\} (\\S+)$`).exec(line) ?? [];
    if (value === undefined) continue;
    const short = labels
      .replaceAll(/(gen_ai_)?(\w+)="([^"]*)"/g, "$2=$3")
      .replaceAll(/,?\w+=(?=,|$)/g, "");
    found.set(short, Number(value));
  }
  return found;
}

/** How much each label set of a family has grown while `act` ran. */
async function growth(names: readonly string[], act: () => Promise<unknown>) {
  const before = await Promise.all(names.map(samples));
  await act();
  const after = await Promise.all(names.map(samples));
  return after.map((all, index) =>
    Object.fromEntries(
      [...all].flatMap(([labels, value]) => {
        const grown = value - (before[index]?.get(labels) ?? 0);
        return grown === 0 ? [] : [[labels, grown]];
      }),
    ),
  );
}

const usage = "gen_ai_client_token_usage_sum";
const duration = "gen_ai_client_operation_duration_seconds_count";
const first = "gen_ai_server_time_to_first_token_seconds_count";
const perToken = "gen_ai_server_time_per_output_token_seconds_count";
const all = [usage, duration, first, perToken];

async function post(path: string, body: object): Promise<number> {
  const response = await fetch(gateway.url + path, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  await response.text();
  return response.status;
}

const chat = (model: string, stream = false) =>
  post("/v1/chat/completions", { model, stream, messages: [{ role: "user", content: "Hi" }] });

const gpu = "operation_name=chat,provider_name=gpu,request_model=double,response_model=double";

test("a whole chat tells its tokens and its time", async () => {
  expect(await growth(all, () => chat("gpu/double"))).toEqual([
    { [`${gpu},token_type=input`]: 3, [`${gpu},token_type=output`]: 5 },
    { [gpu]: 1 },
    {},
    {},
  ]);
});

test("a stream tells the time to its first token and that of those after it, too; relayed or translated", async () => {
  const claude =
    "operation_name=chat,provider_name=claude,request_model=double,response_model=double";
  for (const [model, labels] of [
    ["gpu/double", gpu],
    ["claude/double", claude],
  ] as const) {
    expect(await growth(all, () => chat(model, true))).toEqual([
      { [`${labels},token_type=input`]: 3, [`${labels},token_type=output`]: 5 },
      { [labels]: 1 },
      { [labels]: 1 },
      { [labels]: 1 },
    ]);
  }
});

test("each try counts by itself: one that failed with its reason, the one that answered with its tokens", async () => {
  openai.illness = {
    kind: "status",
    status: 400,
    body: { error: { message: "context_length_exceeded", code: "context_length_exceeded" } },
  };
  const failed =
    "operation_name=chat,provider_name=gpu,request_model=large,error_type=CONTEXT_WINDOW_EXCEEDED";
  const answered =
    "operation_name=chat,provider_name=claude,request_model=double,response_model=double";
  expect(await growth([usage, duration], () => chat("careful"))).toEqual([
    { [`${answered},token_type=input`]: 3, [`${answered},token_type=output`]: 5 },
    { [failed]: 1, [answered]: 1 },
  ]);
});

test("vectors and relayed completions are operations of their own; counting tokens is none", async () => {
  const vectors = () => post("/v1/embeddings", { model: "gpu/double", input: "Hi" });
  const [used, ended] = await growth([usage, duration], vectors);
  expect([Object.keys(ended ?? {}), Object.values(used ?? {})]).toEqual([
    [
      "operation_name=embeddings,provider_name=gpu,request_model=double,response_model=double-embed",
    ],
    [7],
  ]);
  const complete = () => post("/v1/completions", { model: "gpu/double", prompt: "Hi" });
  const [done] = await growth([duration], complete);
  expect(Object.keys(done ?? {})).toEqual([
    expect.stringContaining("operation_name=text_completion,provider_name=gpu"),
  ]);
  const count = () =>
    post("/v1/messages/count_tokens", {
      model: "claude/double",
      messages: [{ role: "user", content: "Hi" }],
    });
  expect(await growth([duration], count)).toEqual([{}]);
});

test("names that clients make up are one series, however many they are", async () => {
  const lines = async () => (await page()).split("\n").filter((line) => line.startsWith("gen_ai_"));
  await chat("gpu/made-up");
  const before = (await lines()).length;
  const [grown] = await growth([duration], async () => {
    for (let index = 0; index < 300; index += 1) await chat(`gpu/made-up-${index}`);
  });
  expect(grown).toEqual({
    "operation_name=chat,provider_name=gpu,request_model=_OTHER,response_model=_OTHER": 300,
  });
  expect((await lines()).length).toBe(before);
  expect(await page()).not.toContain("made-up");
});

testWith(missingProgram("promtool"))(
  "promtool finds nothing to say of these families",
  async () => {
    await chat("gpu/double", true);
    const { stdout, stderr, status } = spawnSync("promtool", ["check", "metrics"], {
      input: await page(),
      encoding: "utf8",
    });
    // 1: the page cannot be read; 3: some family is not named as it should be, which is said by its name.
    expect([0, 3]).toContain(status);
    expect(stdout + stderr).not.toMatch(/gen_ai_|load_balancer_queue|gateway_drain/);
  },
);
