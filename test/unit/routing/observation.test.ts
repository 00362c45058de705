/** A try is measured once: its lease, whoever is notified of tries, and the history read one observation. */

import { afterEach, expect, test, vi } from "vitest";
import { fault } from "#errors/fault.ts";
import { Lease } from "#pool/lease.ts";
import { latencyMsOf } from "#pool/model-stats.ts";
import type { AttemptReport } from "#routing/attempt.ts";
import { samplesOf } from "#services/history-samples.ts";
import { dispatchSetting, type TestBackend } from "../../support/dispatch.ts";

const settled = vi.spyOn(Lease.prototype, "settle");
afterEach(() => settled.mockClear());

/** A call whose response used 12 tokens for half a dollar, and the reports of its tries. */
function counted(setting: ReturnType<typeof dispatchSetting>) {
  const reports: AttemptReport[] = [];
  const asked: unknown[] = [];
  const call = setting.call({
    reports,
    watch: {
      answered: () => {},
      used(response) {
        asked.push(response);
        // The lease is still to be told.
        expect(settled).toHaveBeenCalledTimes(reports.length);
        return { tokens: 12, cost: 0.5 };
      },
    },
  });
  return { call, reports, asked };
}

test("a lease, the reporters and the call are given the same observation, with tokens and cost", async () => {
  const setting = dispatchSetting();
  const { call, reports, asked } = counted(setting);
  const work = async ({ name }: TestBackend) => {
    await setting.clock.advance(30);
    if (name === "gpu-1") throw fault("BACKEND_LOST", "broke");
    return "response";
  };
  expect(await setting.dispatch.call(setting.route, work, call)).toBe("response");
  expect(asked).toEqual(["response"]);
  expect(reports).toMatchObject([
    { endpoint: "gpu-1", outcome: "BACKEND_LOST", elapsedMs: 30, tokens: 0, cost: 0 },
    { endpoint: "gpu-2", outcome: "OK", elapsedMs: 30, tokens: 12, cost: 0.5 },
  ]);
  for (const [index, report] of reports.entries()) {
    expect(settled.mock.calls[index]?.[1]).toBe(report);
    expect(setting.reports[index]).toBe(report);
  }
});

test("a stream's tokens are asked for when its messages have been read, and its latency is that of the first", async () => {
  const setting = dispatchSetting();
  const { call, reports, asked } = counted(setting);
  const read: string[] = [];
  async function* open() {
    await setting.clock.advance(20);
    yield "one";
    await setting.clock.advance(50);
    yield "two";
  }
  for await (const message of setting.dispatch.stream(setting.route, open, call)) {
    expect(asked).toEqual([]);
    read.push(message);
  }
  expect([read, asked]).toEqual([["one", "two"], [undefined]]);
  expect(reports).toMatchObject([{ firstMs: 20, elapsedMs: 70, tokens: 12, cost: 0.5 }]);
  expect(reports.map(latencyMsOf)).toEqual([20]);
  expect(setting.pool.endpoints("m").map(({ latencyMs }) => latencyMs)).toContain(20);
});

test("the history counts what was observed of each try, and nothing besides", async () => {
  const setting = dispatchSetting();
  const { call, reports } = counted(setting);
  await setting.dispatch.call(setting.route, async () => "response", call);
  const record = { startMs: 0, tries: reports, promptTokens: 99, completionTokens: 99, cost: 99 };
  const samples = samplesOf({ record, elapsedMs: 0, endedWallMs: 1_000 } as never);
  expect(samples).toMatchObject([{ provider: "gpu", tokens: 12, cost: 0.5 }]);
});
