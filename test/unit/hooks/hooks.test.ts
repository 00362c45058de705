/** Hooks are asked in order, for the chats that concern them, and what they keep of others is bounded. */

import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import { normalized } from "#chat/normalize.ts";
import { infoMetadataOf, reasonOf } from "#errors/fault.ts";
import { faultFrom } from "#errors/from-unknown.ts";
import { ChatRequestSchema, ChatResponseSchema } from "#gen/polygate/v1/chat_pb.js";
import { HookDecisionSchema } from "#gen/polygate/v1/hooks_pb.js";
import { Hook } from "#hooks/hook.ts";
import type { HookSettings } from "#hooks/hook-settings.ts";
import { Hooks } from "#hooks/hooks.ts";
import type { Question } from "#hooks/judge.ts";
import { createMetrics } from "#metrics.ts";
import { createLogger } from "#observability/logger.ts";
import { createManualClock } from "../../support/manual-clock.ts";

const settings: HookSettings = {
  name: "guard",
  source: { kind: "module", path: "/guard.mjs" },
  models: [],
  timeoutMs: 60_000,
  onError: "deny",
  holds: false,
  streamBytesMax: 1_000,
};

/** What a chat holds that nothing is held of. */
const held: Disposable = { [Symbol.dispose]() {} };

type Decided = MessageInitShape<typeof HookDecisionSchema>;
type Decide = (question: Question, signal: AbortSignal) => Promise<Decided>;

/** Hooks that decide as they are told to, and all that they leave. */
function setUp(decide: Decide, ...changes: Partial<HookSettings>[]) {
  const clock = createManualClock();
  const metrics = createMetrics();
  const lines: Record<string, unknown>[] = [];
  const logger = createLogger(
    { level: "info", format: "json", output: "stdout" },
    { write: (line) => lines.push(JSON.parse(line)) },
  );
  const disposed: string[] = [];
  const all = (changes.length === 0 ? [{}] : changes).map((change) => {
    const own = { ...settings, ...change };
    return new Hook(
      own,
      {
        phases: ["before", "after"],
        ask: async (question, signal) => create(HookDecisionSchema, await decide(question, signal)),
        async [Symbol.asyncDispose]() {
          disposed.push(own.name);
        },
      },
      { clock, metrics, logger },
    );
  });
  const hooks = new Hooks(all, clock);
  const counted = async (result: string, phase = "before") => {
    const page = await metrics.registry.metrics();
    const name = `gateway_hook_calls_total{hook="guard",phase="${phase}",result="${result}"} `;
    return Number(
      page
        .split("\n")
        .find((line) => line.startsWith(name))
        ?.slice(name.length) ?? 0,
    );
  };
  return { clock, hooks, all, lines, disposed, counted };
}

const request = normalized(create(ChatRequestSchema, { message: "Hi", modelPreference: "fast" }));
const response = create(ChatResponseSchema, { response: "Hello" });
const call = (signal = new AbortController().signal) => ({
  principal: "alice",
  surface: "rest",
  requestId: "r1",
  signal,
});

async function reasonFrom(work: Promise<unknown>): Promise<string | undefined> {
  return await work.then(
    () => undefined,
    (thrown: unknown) => reasonOf(faultFrom(thrown)),
  );
}

describe("whom a hook concerns", () => {
  test("chats of its models by name or beginning, or all, when it is to be called", () => {
    const { all } = setUp(async () => ({ action: "allow" }), {
      models: ["fast", "openai/*"],
      phases: ["after"],
    });
    const [hook] = all;
    const concerned = ["fast", "openai/x", "openai/", "faster", "openai", "", "OPENAI/x"].filter(
      (model) => hook?.concerns("after", model),
    );
    expect(concerned).toEqual(["fast", "openai/x", "openai/"]);
    expect(hook?.concerns("before", "fast")).toBe(false);
    const everywhere = setUp(async () => ({ action: "allow" })).all[0];
    expect(["", "fast"].every((model) => everywhere?.concerns("before", model))).toBe(true);
  });

  test("is decided anew once the request names another model", async () => {
    const asked: string[] = [];
    const { hooks } = setUp(
      async ({ context }) => {
        asked.push(context.model);
        return asked.length > 1
          ? { action: "allow" }
          : {
              action: "replace",
              request: create(ChatRequestSchema, { message: "x", modelPreference: "slow" }),
            };
      },
      { models: ["fast"] },
      { models: ["fast"] },
      { models: ["slow"] },
    );
    expect(await hooks.before(request, call())).toMatchObject({ modelPreference: "slow" });
    expect(asked).toEqual(["fast", "slow"]);
  });
});

describe("what hooks are shown", () => {
  test("everything in parts, and no short form that could come to differ", async () => {
    const shown: Question[] = [];
    const { hooks, all } = setUp(async (question) => {
      shown.push(question);
      return { action: "allow" };
    });
    expect(await hooks.before(request, call())).toBe(request);
    expect(await hooks.after(all, { request, response }, call())).toBe(response);
    for (const { request: seen } of shown) {
      expect(seen.message).toBe("");
      expect(seen.messages).toMatchObject([
        { role: "user", content: "", parts: [{ content: { value: { text: "Hi" } } }] },
      ]);
    }
    expect(shown[1]?.response).toMatchObject({
      response: "",
      parts: [{ content: { value: { text: "Hello" } } }],
    });
    expect(response.parts).toEqual([]);
  });
});

describe("a denial", () => {
  const denied = async (decided: Decided) => {
    const { hooks, all } = setUp(async () => decided);
    const faults = [];
    for (const work of [
      hooks.before(request, call()),
      hooks.after(all, { request, response }, call()),
    ]) {
      const error = faultFrom(await work.catch((thrown: unknown) => thrown));
      faults.push([reasonOf(error), error.rawMessage, infoMetadataOf(error)]);
    }
    return faults;
  };

  test("without words says whether it is of the request or of the response", async () => {
    const what = (subject: string) => `the ${subject} was denied by a policy of the gateway`;
    expect(await denied({ action: "deny" })).toEqual([
      ["HOOK_DENIED", what("request"), { hook: "guard" }],
      ["HOOK_DENIED", what("response"), { hook: "guard" }],
    ]);
  });

  test("has the hook's own words for the client, and its reason for the client's program", async () => {
    const own = ["HOOK_DENIED", "no names, please", { hook: "guard", hook_reason: "pii" }];
    const decided = { action: "deny", message: "no names, please", reason: "pii" };
    expect(await denied(decided)).toEqual([own, own]);
  });
});

describe("failures", () => {
  test("leave one line in ten seconds, which tells of the others", async () => {
    const { clock, hooks, lines, counted } = setUp(async () => {
      throw new Error("down");
    });
    for (let time = 0; time < 3; time += 1) {
      expect(await reasonFrom(hooks.before(request, call()))).toBe("HOOK_FAILED");
    }
    expect(lines).toHaveLength(1);
    await clock.advance(10_000);
    await reasonFrom(hooks.before(request, call()));
    expect(lines.map((line) => line.failures_before)).toEqual([0, 2]);
    expect(await counted("error")).toBe(4);
  });

  test("do not tell the client why", async () => {
    const { hooks } = setUp(async () => {
      throw new Error("https://guard.internal: ECONNREFUSED");
    });
    const thrown = await hooks.before(request, call()).catch((error: unknown) => error);
    expect(faultFrom(thrown).rawMessage).toBe("a policy check of the gateway failed");
  });

  test("are none when the call was over: its own reason is told", async () => {
    const { hooks, lines, counted } = setUp(() => new Promise(() => {}));
    const leaving = new AbortController();
    const asked = reasonFrom(hooks.before(request, call(leaving.signal)));
    leaving.abort();
    expect(await asked).toBe("CANCELLED");
    expect(await counted("cancelled")).toBe(1);
    expect(lines).toEqual([]);
  });
});

describe("ended chats that hooks are still to see", () => {
  test("are 256 at one time; further ones are counted", async () => {
    const decided = Promise.withResolvers<Decided>();
    let asked = 0;
    let letGo = 0;
    const held = { [Symbol.dispose]: () => (letGo += 1) };
    const { hooks, all, counted } = setUp(() => {
      asked += 1;
      return decided.promise;
    });
    for (let chat = 0; chat < 260; chat += 1)
      hooks.observe(all, { request, response }, call(), held);
    await Promise.resolve();
    expect(asked).toBe(256);
    expect(await counted("skipped", "after")).toBe(4);
    expect(letGo).toBe(4);
    decided.resolve({ action: "deny" });
    await hooks[Symbol.asyncDispose]();
    expect(letGo).toBe(260);
    expect(await counted("deny", "after")).toBe(256);
    hooks.observe(all, { request, response }, call(), held);
    expect(asked).toBe(257);
  });

  test("have a second when the gateway stops, then their questions are given up", async () => {
    let signal: AbortSignal | undefined;
    const { clock, hooks, all, disposed } = setUp((_, own) => {
      signal = own;
      return new Promise(() => {});
    });
    hooks.observe(all, { request, response }, call(), held);
    const ended = hooks[Symbol.asyncDispose]();
    await clock.untilSleeping(1);
    expect(signal?.aborted).toBe(false);
    await clock.advance(1_000);
    await ended;
    expect(signal?.aborted).toBe(true);
    expect(disposed).toEqual(["guard"]);
  });

  test("are seen by each hook, whatever the ones before decide or how they fail", async () => {
    const asked: string[] = [];
    const { hooks, all } = setUp(
      async () => {
        asked.push("x");
        if (asked.length === 1) throw new Error("broken");
        return { action: "deny" };
      },
      {},
      {},
      {},
    );
    hooks.observe(all, { request, response }, call(), held);
    await hooks[Symbol.asyncDispose]();
    expect(asked).toHaveLength(3);
  });
});
