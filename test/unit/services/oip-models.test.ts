/** What the configuration of a model says in Triton's words. */

import { expect, test } from "vitest";
import type { ModelStatus } from "#backends/backend.ts";
import { configOf } from "#services/oip-models.ts";

const model: ModelStatus = {
  name: "m",
  state: "available",
  version: "1",
  inputs: [],
  outputs: [],
  spec: {
    aliases: [],
    description: "",
    labels: [],
    meaning: { kind: "tensor" },
    batchMax: 1,
    warmUpRuns: 0,
  },
};

test("of versions that serve it names those that are whole numbers of 64 bits, as Triton's are", () => {
  const named = ["1", "v2", "2v", "", "-3", "4.0", "9".repeat(18), "9".repeat(19), "5"];
  const versions = [
    ...named.map((version) => ({ version, state: "available" as const })),
    { version: "6", state: "unloaded" as const },
  ];
  expect(configOf({ ...model, versions }, "onnx").versionPolicy).toEqual({
    policyChoice: {
      case: "specific",
      value: { versions: [1n, BigInt("9".repeat(18)), 5n] },
    },
  });
});
