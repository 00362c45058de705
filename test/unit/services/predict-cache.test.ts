/** Whose time it is that a prediction waits for the run of an equal one. */

import { createContextValues, type HandlerContext } from "@connectrpc/connect";
import { expect, test } from "vitest";
import type { ModelStatus, PredictBackend } from "#backends/backend.ts";
import { ResponseCache } from "#cache/response-cache.ts";
import { plainSpec } from "#inference/model-spec.ts";
import { callRecordKey } from "#interceptors/context.ts";
import { createMetrics } from "#metrics.ts";
import type { CallRecord } from "#observability/call-record.ts";
import type { ModelRun } from "#services/model-run.ts";
import { PredictCache } from "#services/predict-cache.ts";
import { callRecord } from "../../support/call.ts";
import { createManualClock } from "../../support/manual-clock.ts";
import { plain, tensor } from "../../support/predict.ts";

const status: ModelStatus = {
  ...{ name: "m", state: "available", version: "1", inputs: [], outputs: [], spec: plainSpec },
};
const bounds = { bytesMax: 10_000, entriesMax: 10, entryBytesMax: 10_000, ttlMs: 60_000 };

function contextOf(record: CallRecord): HandlerContext {
  const facts = {
    signal: new AbortController().signal,
    values: createContextValues().set(callRecordKey, record),
    responseHeader: new Headers(),
    requestHeader: new Headers(),
    timeoutMs: () => undefined,
  };
  return facts as unknown as HandlerContext;
}

test("waiting for another call's run is the model's time; what is kept takes none", async () => {
  const clock = createManualClock();
  await clock.advance(1);
  const cache = new ResponseCache(bounds, { clock });
  const keepable = async () => ({ version: "1", load: "m/1#1" });
  const backend = { kind: "onnx", keepable } as unknown as PredictBackend;
  const options = { enabled: true, isShared: false };
  const predictions = new PredictCache(options, {
    ...{ cache, backend, clock, metrics: createMetrics() },
  });

  const run: ModelRun = {
    ...{ version: "1", backend: "onnx", queueMs: 0, computeMs: 500, pool: undefined },
    ...{ outputs: [tensor("y", "FP32", [1], [7])] },
  };
  const gate = Promise.withResolvers<ModelRun>();
  const request = { version: "", inputs: [tensor("x", "FP32", [1], [1])] };
  const settled: string[] = [];
  const ask = async (record: CallRecord) => {
    const cached = await predictions.for(status, request, contextOf(record));
    // The run may begin once all are there.
    return async () =>
      await cached?.run((_, version) => {
        settled.push(version);
        return gate.promise;
      });
  };
  const [first, second, third] = [callRecord(), callRecord(), callRecord()];
  const begin = [await ask(first), await ask(second)];
  const runs = begin.map((one) => one());
  await clock.advance(500);
  gate.resolve(run);
  const [miss, joined] = await Promise.all(runs);
  const kept = await (await ask(third))();

  const outputs = plain(run.outputs);
  for (const one of [miss, joined, kept]) expect(plain(one?.outputs ?? [])).toEqual(outputs);
  // One ran it, in the version that the key is of.
  expect(settled).toEqual(["1"]);
  // The first one's time is the meter's to tell, which measures the run.
  const times = [first, second, third].map(({ upstreamMs }) => upstreamMs);
  expect(times).toEqual([undefined, 500, undefined]);
});
