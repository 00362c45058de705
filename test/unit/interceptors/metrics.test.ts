import { createContextValues } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { ChatService } from "#gen/polygate/v1/chat_pb.js";
import { ModelsService } from "#gen/polygate/v1/models_pb.js";
import { callRecordKey } from "#interceptors/context.ts";
import { callMetrics } from "#interceptors/metrics.ts";
import { createMetrics } from "#metrics.ts";
import type { CallOutcome } from "#observability/call-record.ts";
import { createStats } from "#observability/stats.ts";
import { callRecord } from "../../support/call.ts";
import { createManualClock } from "../../support/manual-clock.ts";

/** Calls of a method that end so, each after 250 ms of which 200 were the backend's. */
async function measured(
  method: typeof ChatService.method.chat | typeof ModelsService.method.listModels,
  outcomes: readonly Pick<CallOutcome, "code" | "level">[],
) {
  const clock = createManualClock();
  await clock.advance(60_000);
  const [metrics, stats] = [createMetrics(), createStats(clock)];
  const begin = callMetrics({ metrics, stats, clock })(method);
  for (const outcome of outcomes) {
    const record = callRecord({ upstreamMs: 200 });
    const end = begin(createContextValues().set(callRecordKey, record));
    await clock.advance(250);
    end({ procedure: "", ...outcome });
  }
  const text = await metrics.registry.metrics();
  const sampleOf = (series: string) =>
    text
      .split("\n")
      .find((line) => line.startsWith(`${series} `) || line.startsWith(`${series}{`))
      ?.split(" ")
      .at(-1);
  return { sampleOf, totals: stats.totals("gateway").get("calls"), text };
}

const ok = { code: "OK", level: "info" } as const;
const refused = { code: "INVALID_ARGUMENT", level: "info" } as const;
const failed = { code: "UNAVAILABLE", level: "warn" } as const;

test("a call is counted as it begins and ends, with its time and the gateway's own share of it", async () => {
  const { sampleOf, totals } = await measured(ChatService.method.chat, [ok, refused, failed]);
  expect(sampleOf("grpc_server_started_total")).toBe("3");
  expect(sampleOf("grpc_server_handling_seconds_count")).toBe("3");
  expect(sampleOf("grpc_server_handling_seconds_sum")).toBe("0.75");
  expect(Number(sampleOf("gateway_overhead_seconds_sum"))).toBeCloseTo(0.15);
  expect(totals).toMatchObject({ requests: 3, errors: 1, inFlight: 0 });
});

test("calls end under their code", async () => {
  const { text } = await measured(ChatService.method.chat, [ok, ok, failed]);
  expect(text).toMatch(/^grpc_server_handled_total\{.*grpc_code="OK".*\} 2$/m);
  expect(text).toMatch(/^grpc_server_handled_total\{.*grpc_code="UNAVAILABLE".*\} 1$/m);
});

test("work for a model is counted as such, and its errors, but not its callers' mistakes", async () => {
  const chat = await measured(ChatService.method.chat, [ok, refused, failed]);
  expect(chat.sampleOf("ai_gateway_total")).toBe("3");
  expect(chat.sampleOf("ai_gateway_errors_total")).toBe("1");
  const models = await measured(ModelsService.method.listModels, [ok, failed]);
  expect(models.sampleOf("ai_gateway_total") ?? "0").toBe("0");
  expect(models.sampleOf("ai_gateway_errors_total") ?? "0").toBe("0");
});

test("a backend that took longer than the call leaves no negative share", async () => {
  const clock = createManualClock();
  const metrics = createMetrics();
  const begin = callMetrics({ metrics, stats: createStats(clock), clock })(ChatService.method.chat);
  const record = callRecord({ upstreamMs: 200 });
  begin(createContextValues().set(callRecordKey, record))({ procedure: "", ...ok });
  expect(await metrics.registry.metrics()).toMatch(/^gateway_overhead_seconds_sum\{.*\} 0$/m);
});
