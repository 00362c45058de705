/** The metrics of calls of models: what is observed of each, over a set of series that no client and no provider can widen. */

import { describe, expect, test } from "vitest";
import { createMetrics } from "#metrics.ts";
import { expositionOf } from "#observability/family.ts";
import type { GenAi, GenAiCall } from "#observability/gen-ai.ts";

const call: GenAiCall = {
  operation: "chat",
  provider: "openai",
  requestModel: "small",
  isKnown: () => true,
  responseModel: "small-2026",
  elapsedMs: 1_000,
};

/** The lines of the page that are about calls of models, without their buckets unless those are wanted. */
async function linesOf(calls: readonly Partial<GenAiCall>[], withBuckets = false) {
  const { genAi, registry } = createMetrics();
  for (const more of calls) genAi.add({ ...call, ...more });
  const page = await expositionOf(registry);
  return page
    .split("\n")
    .filter((line) => line.startsWith("gen_ai_") && (withBuckets || !line.includes("_bucket{")));
}

const models = 'gen_ai_request_model="small",gen_ai_response_model="small-2026"';
const labels = `gen_ai_operation_name="chat",gen_ai_provider_name="openai",${models}`;

test("a stream tells its tokens, its time, the time to its first token and that of each one after it", async () => {
  expect(await linesOf([{ firstMs: 200, input: 30, output: 5 }])).toEqual([
    `gen_ai_client_token_usage_sum{${labels},gen_ai_token_type="input"} 30`,
    `gen_ai_client_token_usage_count{${labels},gen_ai_token_type="input"} 1`,
    `gen_ai_client_token_usage_sum{${labels},gen_ai_token_type="output"} 5`,
    `gen_ai_client_token_usage_count{${labels},gen_ai_token_type="output"} 1`,
    `gen_ai_client_operation_duration_seconds_sum{${labels},error_type=""} 1`,
    `gen_ai_client_operation_duration_seconds_count{${labels},error_type=""} 1`,
    `gen_ai_server_time_to_first_token_seconds_sum{${labels}} 0.2`,
    `gen_ai_server_time_to_first_token_seconds_count{${labels}} 1`,
    `gen_ai_server_time_per_output_token_seconds_sum{${labels}} 0.2`,
    `gen_ai_server_time_per_output_token_seconds_count{${labels}} 1`,
  ]);
});

test.each([
  {
    name: "a whole response",
    more: { input: 30, output: 5 },
    families: ["client_token_usage", "client_operation_duration_seconds"],
  },
  {
    name: "one whose tokens nobody knows",
    more: {},
    families: ["client_operation_duration_seconds"],
  },
  {
    name: "a stream of one token",
    more: { firstMs: 1, input: 1, output: 1 },
    families: [
      "client_token_usage",
      "client_operation_duration_seconds",
      "server_time_to_first_token_seconds",
    ],
  },
  {
    name: "a stream that failed",
    more: { firstMs: 1, error: "BACKEND_FAILED" },
    families: ["client_operation_duration_seconds"],
  },
])("$name tells no more than there is", async ({ more, families }) => {
  const lines = await linesOf([more]);
  const seen = new Set(lines.map((line) => /^gen_ai_(\w+)_(sum|count)\{/.exec(line)?.[1]));
  expect([...seen]).toEqual(families);
});

test("the buckets are those of the conventions", async () => {
  const lines = await linesOf([{ firstMs: 1, input: 1, output: 2 }], true);
  const bounds = (family: string) => [
    ...new Set(
      lines.flatMap((line) =>
        line.startsWith(`gen_ai_${family}_bucket`) ? (/le="([^"]+)"/.exec(line)?.[1] ?? []) : [],
      ),
    ),
  ];
  expect(bounds("client_token_usage").join(" ")).toBe(
    "1 4 16 64 256 1024 4096 16384 65536 262144 1048576 4194304 16777216 67108864 +Inf",
  );
  expect(bounds("client_operation_duration_seconds").join(" ")).toBe(
    "0.01 0.02 0.04 0.08 0.16 0.32 0.64 1.28 2.56 5.12 10.24 20.48 40.96 81.92 +Inf",
  );
  expect(bounds("server_time_to_first_token_seconds").join(" ")).toBe(
    "0.001 0.005 0.01 0.02 0.04 0.06 0.08 0.1 0.25 0.5 0.75 1 2.5 5 7.5 10 +Inf",
  );
  expect(bounds("server_time_per_output_token_seconds").join(" ")).toBe(
    "0.01 0.025 0.05 0.075 0.1 0.15 0.2 0.3 0.4 0.5 0.75 1 2.5 +Inf",
  );
});

/** Every pair of models that is a label. */
async function pairs(fill: (genAi: GenAi) => void): Promise<string[]> {
  const { genAi, registry } = createMetrics();
  fill(genAi);
  const page = await expositionOf(registry);
  const pattern =
    /^gen_ai_client_operation_duration_seconds_count\{.*request_model="(.*?)",gen_ai_response_model="(.*?)",.*$/gm;
  return [...page.matchAll(pattern)].map(([, request, response]) => `${request} ${response}`);
}

describe("a model's name", () => {
  test("that nobody knows is a series together with all others of its kind", async () => {
    const found = await pairs((genAi) => {
      genAi.add(call);
      for (let index = 0; index < 10_000; index += 1) {
        const requestModel = `made-up-${index}`;
        genAi.add({ ...call, requestModel, responseModel: requestModel, isKnown: () => false });
      }
    });
    expect(found).toEqual(["small small-2026", "_OTHER _OTHER"]);
  });

  test("is one of two hundred models, of at most 128 characters", async () => {
    const found = await pairs((genAi) => {
      genAi.add({ ...call, requestModel: "x".repeat(129) });
      for (let index = 0; index < 1_000; index += 1) {
        genAi.add({ ...call, requestModel: `m${index}`, responseModel: `m${index}` });
      }
    });
    expect(found.length).toBe(201);
    expect(found.filter((pair) => pair === "_OTHER _OTHER").length).toBe(1);
  });

  test("by which a provider responds is one of eight for each model that is asked for", async () => {
    const found = await pairs((genAi) => {
      for (let index = 0; index < 1_000; index += 1) {
        genAi.add({ ...call, responseModel: `small-${index}` });
      }
      genAi.add({ ...call, responseModel: "x".repeat(129) });
      genAi.add({ ...call, responseModel: "small" });
      genAi.add({ ...call, responseModel: "" });
    });
    expect(found.length).toBe(11);
    expect(found).toContain("small _OTHER");
  });

  test("is asked about once while it is known", async () => {
    let asked = 0;
    const isKnown = () => {
      asked += 1;
      return true;
    };
    await pairs((genAi) => {
      for (let index = 0; index < 100; index += 1) genAi.add({ ...call, isKnown });
    });
    expect(asked).toBe(1);
  });
});
