/** Under load, who matters least is refused first, before the body, with a reason; health and admin never are. */

import type { DescMethod } from "@bufbuild/protobuf";
import { createContextValues } from "@connectrpc/connect";
import { describe, expect, test } from "vitest";
import { reasonOf, retryAfterMsFrom } from "#errors/fault.ts";
import { faultFrom } from "#errors/from-unknown.ts";
import { Health } from "#gen/grpc/health/v1/health_pb.js";
import { BackendsService } from "#gen/polygate/v1/backends_pb.js";
import { ChatService } from "#gen/polygate/v1/chat_pb.js";
import { HealthService } from "#gen/polygate/v1/health_pb.js";
import { identityKey } from "#interceptors/context.ts";
import { shedding } from "#interceptors/shed.ts";
import { createMetrics } from "#metrics.ts";
import type { LoadLevel } from "#overload/load-level.ts";

function setting(level: LoadLevel) {
  const load = { level };
  const metrics = createMetrics();
  const shed = shedding({ load, metrics, rng: { next: () => 0.25 } });
  const callOf = ({ priority, scopes = [] }: { priority?: string; scopes?: string[] } = {}) => {
    const values = createContextValues();
    values.set(identityKey, { id: "a", authenticated: true, scopes: new Set(scopes) });
    const header = new Headers(priority === undefined ? {} : { "x-polygate-priority": priority });
    return { header, values };
  };
  const through = async (method: DescMethod, { header, values }: ReturnType<typeof callOf>) => {
    const next = async () => "passed" as never;
    const request = { method, header, contextValues: values } as never;
    return await Promise.resolve()
      .then(() => shed.interceptor(next)(request))
      .catch((thrown: unknown) => faultFrom(thrown));
  };
  return { load, metrics, shed, callOf, through };
}

const { chat } = ChatService.method;
const low: LoadLevel = { refuses: "low", cause: "lag" };
const all: LoadLevel = { refuses: "all", cause: "heap" };

describe("a call under load", () => {
  test.each([
    ["without a word", {}, true],
    ["of high priority", { priority: "high" }, true],
    ["of an unknown one, which others refuse", { priority: "urgent" }, true],
    ["of low priority", { priority: "low" }, false],
    ["of the class batch", { priority: "batch" }, false],
    ["of a batch key, whatever it says", { priority: "high", scopes: ["batch"] }, false],
  ])("%s", (_name, call, isAdmitted) => {
    const { shed, callOf } = setting(low);
    expect(shed.admits(chat, callOf(call))).toBe(isAdmitted);
    expect(setting(all).shed.admits(chat, callOf(call))).toBe(false);
    expect(setting({ refuses: "nothing" }).shed.admits(chat, callOf(call))).toBe(true);
  });

  test("is spared where it shows or steers the gateway", () => {
    const { shed, callOf } = setting(all);
    const spared = [
      Health.method.check,
      HealthService.method.getHealth,
      BackendsService.method.listBackends,
      BackendsService.method.drainBackend,
    ];
    const admitted = spared.map((method) => shed.admits(method, callOf({ priority: "low" })));
    expect(admitted).toEqual([true, true, true, true]);
  });

  test("is told the reason and when to come back, and is counted", async () => {
    const { callOf, through, metrics } = setting(low);
    const error = faultFrom(await through(chat, callOf({ priority: "low" })));
    expect([reasonOf(error), retryAfterMsFrom(error), error.rawMessage]).toEqual([
      "LOAD_SHED",
      1_500,
      "the gateway takes no calls of low priority now: its event loop is late",
    ]);
    expect(await through(chat, callOf())).toBe("passed");
    expect(await metrics.registry.metrics()).toContain(
      'overload_shed_calls_total{refused="low",cause="lag"} 1\n',
    );
  });

  test("is judged once: what was not admitted is refused although the load has gone meanwhile", async () => {
    const { load, shed, callOf, through } = setting(all);
    const refused = callOf();
    expect(shed.admits(chat, refused)).toBe(false);
    load.level = { refuses: "nothing" };
    expect(reasonOf(faultFrom(await through(chat, refused)))).toBe("LOAD_SHED");
    const admitted = callOf();
    expect(shed.admits(chat, admitted)).toBe(true);
    load.level = all;
    expect(await through(chat, admitted)).toBe("passed");
  });
});
