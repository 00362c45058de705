/** GetPerformance and GetHistory on a whole gateway: what providers and models did, over time. */

import { join } from "node:path";
import { createClient } from "@connectrpc/connect";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ChatService } from "#gen/polygate/v1/chat_pb.js";
import { PredictService } from "#gen/polygate/v1/predict_pb.js";
import { HistoryKey, StatsService } from "#gen/polygate/v1/stats_pb.js";
import { HistoryRecorder } from "#history/recorder.ts";
import { SqliteHistory } from "#history/sqlite-store.ts";
import { resolutionsOf } from "#history/store.ts";
import { type RunningGateway, startTestGateway } from "../support/gateway.ts";
import { createManualClock } from "../support/manual-clock.ts";
import { type ProviderDouble, startProvider } from "../support/provider-double.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { grpcTo, transports } from "../support/transports.ts";

let good: ProviderDouble;
let bad: ProviderDouble;

const yamlOf = (history = "{ cache_ttl: 0s }") => `
gateway: { host: 127.0.0.1, port: 0 }
load_balancer: { retry_attempts: 1 }
history: ${history}
providers:
  good: { dialect: openai, base_url: "${good.url}", api_key: k, default_model: double, prices: { double: { input: 100, output: 200 } } }
  bad: { dialect: openai, base_url: "${bad.url}", api_key: k, default_model: other }
routes:
  careful: { fallback: [bad/other, good/double] }
`;

beforeAll(async () => {
  good = await startProvider("openai-chat");
  bad = await startProvider("openai-chat");
});

afterAll(async () => {
  await good[Symbol.asyncDispose]();
  await bad[Symbol.asyncDispose]();
});

const chats = (gateway: RunningGateway) => createClient(ChatService, grpcTo(gateway.url));
const stats = (gateway: RunningGateway) => createClient(StatsService, grpcTo(gateway.url));

/** Three calls that succeed, one of them a stream and one after a failure elsewhere, and one that its caller spoils. */
async function calls(gateway: RunningGateway) {
  const client = chats(gateway);
  await client.chat({ message: "Hi", modelPreference: "good" });
  for await (const _ of client.streamChat({ message: "Hi", modelPreference: "good" }));
  bad.faults.push({ kind: "status", status: 500 });
  await client.chat({ message: "Hi", modelPreference: "careful" });
  bad.faults.push({ kind: "status", status: 400 });
  await client.chat({ message: "Hi", modelPreference: "bad" }).catch(() => {});
}

describe("the last hours", () => {
  let gateway: RunningGateway;

  beforeAll(async () => {
    gateway = await startTestGateway({ yaml: yamlOf() });
    await calls(gateway);
  });

  afterAll(() => gateway[Symbol.asyncDispose]());

  test("are told by provider and by model, at once after the calls", async () => {
    const { providerStats, modelStats, hours, lost } = await stats(gateway).getPerformance({});
    expect([hours, lost]).toEqual([24, 0]);
    expect(Object.keys(providerStats).toSorted((a, b) => a.localeCompare(b))).toEqual([
      "bad",
      "good",
    ]);
    expect(providerStats.good).toMatchObject({
      totalRequests: 3,
      successRate: 1,
      errors: { caller: 0, upstream: 0, gateway: 0 },
      availability: expect.any(Number),
    });
    // The double reports its tokens; at 100 and 200 dollars per million.
    const {
      totalTokens = 0,
      totalCost = 0,
      avgTokensPerRequest,
      costPerToken,
    } = providerStats.good ?? {};
    expect(totalTokens).toBeGreaterThan(0);
    expect(avgTokensPerRequest).toBeCloseTo(totalTokens / 3, 2);
    expect(costPerToken).toBeCloseTo(totalCost / totalTokens);
    expect(modelStats.double).toMatchObject({ totalRequests: 3, costPerToken });
    expect(modelStats.double?.availability).toBeUndefined();
  });

  test("have errors by whose fault they were: a provider's failure is its own, even where another one saved the call", async () => {
    const { providerStats } = await stats(gateway).getPerformance({ hours: 1 });
    expect(providerStats.bad).toMatchObject({
      totalRequests: 2,
      successRate: 0.5,
      errors: { caller: 1, upstream: 1, gateway: 0 },
      avgLatencyMs: 0,
    });
  });

  test("time streams by their first message", async () => {
    const { providerStats } = await stats(gateway).getPerformance({});
    const { avgFirstMessageMs, p50LatencyMs, p99LatencyMs, avgLatencyMs } = providerStats.good!;
    expect(avgFirstMessageMs).toBeGreaterThan(0);
    expect(avgLatencyMs).toBeGreaterThan(0);
    expect(p50LatencyMs).toBeLessThanOrEqual(p99LatencyMs);
    expect(providerStats.bad?.avgFirstMessageMs).toBeUndefined();
  });

  test("have the shape of the seed over REST, and the same values over Connect", async () => {
    const response = await fetch(`${gateway.url}/api/monitoring/performance?hours=24`);
    expect(await response.json()).toMatchObject({
      hours: 24,
      provider_stats: {
        good: {
          total_requests: 3,
          avg_latency_ms: expect.any(Number),
          success_rate: 1,
          total_cost: expect.any(Number),
          total_tokens: expect.any(Number),
        },
      },
      model_stats: { double: {} },
    });
    const connect = createClient(StatsService, transports.Connect!(gateway.url));
    const { providerStats } = await connect.getPerformance({});
    expect(providerStats.good?.totalRequests).toBe(3);
  });

  test("count predictions by their model and the kind of their backend", async () => {
    const inputs = [{ datatype: "FP32", shape: [1, 1, 28, 28], data: new Array(784).fill(0) }];
    await createClient(PredictService, grpcTo(gateway.url)).predict({ model: "digits", inputs });
    const { providerStats, modelStats } = await stats(gateway).getPerformance({});
    expect([providerStats.onnx?.totalRequests, modelStats.digits?.totalRequests]).toEqual([1, 1]);
  });

  test("step by step: each call in the step of now, all values of one length", async () => {
    const { series, steps, stepSeconds, startTime } = await stats(gateway).getHistory({
      stepSeconds: 10,
      names: ["good", "bad"],
    });
    expect([series.map(({ name }) => name), stepSeconds, steps]).toEqual([
      ["good", "bad"],
      10,
      361,
    ]);
    const [one, other] = series;
    expect(one?.requests.length).toBe(361);
    expect(
      new Set(
        [one?.p99LatencyMs, one?.tokens, one?.cost, one?.avgFirstMessageMs].map(
          (all) => all?.length,
        ),
      ),
    ).toEqual(new Set([361]));
    const sum = (all: readonly number[] = []) => all.reduce((total, value) => total + value, 0);
    expect([sum(one?.requests), sum(other?.upstreamErrors), sum(other?.callerErrors)]).toEqual([
      3, 1, 1,
    ]);
    expect(Number(startTime?.seconds) % 10).toBe(0);
    const byModel = await stats(gateway).getHistory({ by: HistoryKey.MODEL, names: ["double"] });
    expect(sum(byModel.series[0]?.requests)).toBe(3);
    const byRest = await fetch(`${gateway.url}/api/v1/history?hours=2&names=good&names=bad`);
    expect(await byRest.json()).toMatchObject({
      step_seconds: 120,
      series: [{ name: "good" }, { name: "bad" }],
    });
  });

  test("tell nothing of the next ones while fewer than six are known", async () => {
    const response = await fetch(`${gateway.url}/api/v1/forecast?hours=12`);
    expect([response.status, await response.json()]).toMatchObject([
      200,
      { step_seconds: 3600, steps: 0, known_hours: 0, series: [], left_out: 0 },
    ]);
  });

  test("are refused beyond their bounds, by name", async () => {
    for (const path of [
      "/api/monitoring/performance?hours=721",
      "/api/v1/history?hours=0",
      "/api/v1/history?step_seconds=9",
      "/api/v1/history?by=7",
      "/api/v1/forecast?hours=49",
      "/api/v1/forecast?hours=0",
      "/api/v1/forecast?by=7",
      `/api/v1/history?${Array.from({ length: 101 }, (_, index) => `names=${index}`).join("&")}`,
    ]) {
      const response = await fetch(gateway.url + path);
      const { error } = (await response.json()) as { error: { code: string; message: string } };
      expect([response.status, error.code], path).toEqual([400, "REQUEST_INVALID"]);
    }
  });
});

test("sums are given again as long as history.cache_ttl says", async () => {
  await using gateway = await startTestGateway({ yaml: yamlOf("{ cache_ttl: 1h }") });
  const first = await stats(gateway).getPerformance({});
  await calls(gateway);
  expect(await stats(gateway).getPerformance({})).toEqual(first);
  // Another span is another sum.
  expect(
    (await stats(gateway).getPerformance({ hours: 2 })).providerStats.good?.totalRequests,
  ).toBe(3);
});

/** Calls of an hour, counted since the epoch: days are alike. */
const callsOfHour = (hour: number) => (hour % 24 < 8 ? 1 : 3 + (hour % 24));

/** Writes three days of calls into a file, up to the hour that is not over. */
async function threeDaysIn(path: string): Promise<void> {
  const store = new SqliteHistory(path);
  const clock = createManualClock(Date.now());
  const resolutions = resolutionsOf(30 * 24 * 3_600_000);
  const recorder = new HistoryRecorder({ store, resolutions, clock });
  const nowHour = Math.floor(Date.now() / 3_600_000);
  for (let hour = nowHour - 72; hour < nowHour; hour += 1) {
    for (let call = callsOfHour(hour); call > 0; call -= 1) {
      const usual = { provider: "busy", model: "large", blame: undefined, firstMs: undefined };
      recorder.add({ ...usual, wallMs: hour * 3_600_000, latencyMs: 5, tokens: 7, cost: 0 });
    }
  }
  await recorder.flush();
  await store[Symbol.asyncDispose]();
}

describe("a history in a file", () => {
  test("is there after a restart, the calls of the last moment included", async () => {
    await using folder = await temporaryFolder();
    const yaml = yamlOf(`{ path: ${join(folder.path, "history.db")}, cache_ttl: 0s }`);
    {
      await using before = await startTestGateway({ yaml });
      await calls(before);
    }
    await using after = await startTestGateway({ yaml });
    expect((await stats(after).getPerformance({})).providerStats.good?.totalRequests).toBe(3);
    await calls(after);
    expect((await stats(after).getPerformance({})).providerStats.good?.totalRequests).toBe(6);
  });

  test("tells of the next hours what the ones before it bear out, over gRPC and REST", async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, "history.db");
    await threeDaysIn(path);
    const yaml = yamlOf(`{ path: ${path}, cache_ttl: 0s }`);
    await using gateway = await startTestGateway({ yaml });
    const { steps, knownHours, series, startTime } = await stats(gateway).getForecast({
      hours: 24,
    });
    expect([steps, knownHours, series.map(({ name }) => name)]).toEqual([24, 72, ["busy"]]);
    expect(series[0]).toMatchObject({ method: "same_hour", error: 0 });
    const first = Number(startTime?.seconds) / 3_600;
    const expected = Array.from({ length: 24 }, (_, step) => callsOfHour(first + step));
    expect(series[0]?.requests).toEqual(expected);
    expect(series[0]?.requestsLow).toEqual(expected);
    expect(series[0]?.tokens).toEqual(expected.map((calls) => calls * 7));
    const byRest = await fetch(
      `${gateway.url}/api/v1/forecast?hours=2&by=HISTORY_KEY_MODEL&names=large`,
    );
    expect(await byRest.json()).toMatchObject({
      steps: 2,
      series: [{ name: "large", requests: expected.slice(0, 2) }],
    });
  });

  test("that cannot be written any more stops no call; its gateway says so, and catches up", async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, "history.db");
    await using gateway = await startTestGateway({
      yaml: yamlOf(`{ path: ${path}, cache_ttl: 0s }`),
    });
    const { DatabaseSync } = await import("node:sqlite");
    const other = new DatabaseSync(path);
    other.exec("BEGIN IMMEDIATE");
    await calls(gateway);
    const { response } = await chats(gateway).chat({ message: "Hi", modelPreference: "good" });
    expect(response).toBe("Hello there");
    const line = await gateway.line(({ msg }) => msg === "history cannot be written");
    expect(line).toMatchObject({ level: "error", error: expect.stringContaining("locked") });
    other.exec("COMMIT");
    other.close();
    await gateway.line(({ msg }) => msg === "history is written again");
    const { providerStats, lost } = await stats(gateway).getPerformance({});
    expect([providerStats.good?.totalRequests, lost]).toEqual([4, 0]);
  });

  test("that is no database stops the start, and the setting is named", async () => {
    await using folder = await temporaryFolder();
    const { writeFileSync } = await import("node:fs");
    const path = join(folder.path, "notes.txt");
    writeFileSync(path, "no database at all, but a text that somebody needs ".repeat(40));
    await expect(startTestGateway({ yaml: yamlOf(`{ path: ${path} }`) })).rejects.toThrow(
      /history\.path: the file cannot be used/,
    );
  });
});
