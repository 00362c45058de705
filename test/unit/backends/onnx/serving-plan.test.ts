import { describe, expect, test } from "vitest";
import {
  plainPlan,
  type ServingPlan,
  servedVersions,
  splitChoice,
  versionNamed,
} from "#backends/onnx/serving-plan.ts";

const there = ["1", "2", "3"];
const plan = (change: Partial<ServingPlan>): ServingPlan => ({ ...plainPlan, ...change });

describe("versions that are served", () => {
  const rows = [
    { name: "the newest", change: {}, served: ["3"] },
    {
      name: "the newest two",
      change: { policy: { kind: "latest", count: 2 } },
      served: ["2", "3"],
    },
    {
      name: "as many as there are",
      change: { policy: { kind: "latest", count: 9 } },
      served: there,
    },
    { name: "all", change: { policy: { kind: "all" } }, served: there },
    {
      name: "some",
      change: { policy: { kind: "only", versions: ["3", "1"] } },
      served: ["1", "3"],
    },
    {
      name: "those with a label, too",
      change: { labels: new Map([["stable", "1"]]) },
      served: ["1", "3"],
    },
  ] satisfies { name: string; change: Partial<ServingPlan>; served: string[] }[];
  test.each(rows)("$name", ({ change, served }) => {
    expect(servedVersions(there, plan(change))).toEqual(served);
  });
});

test("a name of digits is a version, any other a label", () => {
  const labels = new Map([["stable", "1"]]);
  expect(versionNamed("7", plan({ labels }))).toBe("7");
  expect(versionNamed("stable", plan({ labels }))).toBe("1");
  expect(versionNamed("canary", plan({ labels }))).toBeUndefined();
});

test("chance falls to each part of a split by its weight", () => {
  const split = [
    { to: "stable", weight: 9 },
    { to: "canary", weight: 1 },
  ];
  expect([0, 0.5, 0.89, 0.91, 0.999].map((chance) => splitChoice(split, chance))).toEqual([
    "stable",
    "stable",
    "stable",
    "canary",
    "canary",
  ]);
  expect(splitChoice([], 0.5)).toBeUndefined();
});
