/** Rules that several dialects share: states, names of tools, efforts, counts, what is tuned and what is kept. */

import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import { effortOf } from "#dialects/effort.ts";
import { openState, sealState, stateFor } from "#dialects/opaque-state.ts";
import { refuseStoredState } from "#dialects/stored-state.ts";
import { tokenCountOf } from "#dialects/token-count.ts";
import { flatNameOf, toolOfFlatName } from "#dialects/tool-names.ts";
import { droppedTuning, labelsFrom, metadataOf, type Tuning } from "#dialects/tuning.ts";
import { infoMetadataOf, reasonOf } from "#errors/fault.ts";
import { faultFrom } from "#errors/from-unknown.ts";
import { type ChatRequest, ChatRequestSchema } from "#gen/polygate/v1/chat_pb.js";
import { Reasoning_Mode as Mode, OpaqueStateSchema } from "#gen/polygate/v1/conversation_pb.js";

type Init = MessageInitShape<typeof ChatRequestSchema>;
const request = (init: Init): ChatRequest => create(ChatRequestSchema, init);

describe("a provider's state", () => {
  test("comes back as it was sealed, dots and all", () => {
    const state = create(OpaqueStateSchema, { vendor: "openai", data: "a.b" });
    expect(sealState(state)).toBe("pg1.openai.a.b");
    expect(openState("pg1.openai.a.b", "google")).toEqual(state);
  });

  test.each(["a.b", "pg1", "pg1.openai", "xpg1.openai.a"])(
    "%j is the client's own vendor's",
    (text) => {
      expect(openState(text, "google")).toMatchObject({ vendor: "google", data: text });
    },
  );

  test("is for nobody else, and none where there is no data", () => {
    const state = create(OpaqueStateSchema, { vendor: "openai", data: "a" });
    expect([stateFor("openai", state), stateFor("google", state)]).toEqual(["a", undefined]);
    expect(stateFor("openai", undefined)).toBeUndefined();
    expect(stateFor("openai", create(OpaqueStateSchema, { vendor: "openai" }))).toBeUndefined();
  });
});

test("a tool's flat name means the request's own tool, however many lines are in it", () => {
  const { tools } = request({
    tools: [
      { namespace: "a", name: "b__c" },
      { namespace: "a__b", name: "d", freeForm: true },
      { name: "e" },
    ],
  });
  expect(tools.map(flatNameOf)).toEqual(["a__b__c", "a__b__d", "e"]);
  expect(toolOfFlatName("a__b__c", tools)).toMatchObject({ namespace: "a", name: "b__c" });
  expect(toolOfFlatName("a__b__d", tools)).toMatchObject({ namespace: "a__b", freeForm: true });
  expect(toolOfFlatName("f__g", tools)).toEqual({ namespace: "", name: "f__g", freeForm: false });
});

test.each<readonly [Init["reasoning"], string | undefined]>([
  [undefined, undefined],
  [{}, undefined],
  [{ mode: Mode.OFF, effort: "high" }, "none"],
  [{ effort: "minimal", budgetTokens: 100_000 }, "minimal"],
  [{ budgetTokens: 0 }, "low"],
  [{ budgetTokens: 4_095 }, "low"],
  [{ budgetTokens: 4_096 }, "medium"],
  [{ budgetTokens: 15_999 }, "medium"],
  [{ budgetTokens: 16_000 }, "high"],
])("the effort of %j is %j", (reasoning, effort) => {
  expect(effortOf(request(reasoning === undefined ? {} : { reasoning }))).toBe(effort);
});

test("a count of tokens is a whole number of 31 bits, and nothing else is taken for one", () => {
  expect([0, 7, 0x7fff_ffff].map(tokenCountOf)).toEqual([0, 7, 0x7fff_ffff]);
  for (const value of [-1, 1.5, 0x8000_0000, "7", null, undefined, Number.NaN]) {
    expect(() => tokenCountOf(value)).toThrow("the provider's response holds no count of tokens");
  }
});

describe("what only a provider that keeps responses can do", () => {
  test.each<readonly [NonNullable<Init["providerOptions"]>, string]>([
    [{ previousResponseId: "r" }, "previous_response_id"],
    [{ conversationId: "c" }, "conversation"],
    [{ store: true }, "store"],
    [{ background: true }, "background"],
  ])("%j is refused as %s", (providerOptions, param) => {
    try {
      refuseStoredState(request({ providerOptions }));
      expect.unreachable("it should have been refused");
    } catch (thrown) {
      const error = faultFrom(thrown);
      expect([reasonOf(error), infoMetadataOf(error).param]).toEqual([
        "PARAMETER_UNSUPPORTED",
        param,
      ]);
      expect(error.rawMessage).toContain("send the whole conversation");
    }
  });

  test("is not asked for by saying that it is not wanted", () => {
    refuseStoredState(request({}));
    refuseStoredState(request({ providerOptions: { store: false, background: false } }));
  });
});

describe("a parameter that tunes", () => {
  const all: readonly (readonly [Tuning, Init])[] = [
    ["top_k", { sampling: { topK: 0 } }],
    ["seed", { sampling: { seed: 0 } }],
    ["presence_penalty", { sampling: { presencePenalty: 0 } }],
    ["frequency_penalty", { sampling: { frequencyPenalty: 0 } }],
    ["logit_bias", { sampling: { logitBias: [{ token: "1", bias: 1 }] } }],
    ["verbosity", { providerOptions: { verbosity: "low" } }],
    ["prompt_cache_key", { providerOptions: { cacheKey: "k" } }],
    ["user", { providerOptions: { user: "u" } }],
    ["service_tier", { providerOptions: { serviceTier: "flex" } }],
    ["metadata", { providerOptions: { metadata: [{ name: "a", value: "b" }] } }],
    ["parallel_tool_calls", { parallelToolCalls: false }],
  ];
  const names = all.map(([name]) => name);

  test.each(all)("%s is named when a provider has it not, and a request has it", (name, init) => {
    expect(droppedTuning(request(init), names)).toEqual([name]);
    expect(droppedTuning(request(init), [])).toEqual([]);
  });

  test("is not named when a request has it not", () => {
    expect(droppedTuning(request({ sampling: {}, providerOptions: {} }), names)).toEqual([]);
    expect(droppedTuning(request({ parallelToolCalls: true }), names)).toEqual([]);
  });
});

test("labels are an object, and nothing where there are none", () => {
  const { providerOptions } = request({
    providerOptions: { metadata: labelsFrom({ a: "1", b: "2" }) },
  });
  expect(metadataOf(providerOptions)).toEqual({ a: "1", b: "2" });
  expect([
    metadataOf(undefined),
    metadataOf(request({ providerOptions: {} }).providerOptions),
  ]).toEqual([undefined, undefined]);
});
