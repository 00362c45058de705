/** Each room declares its own metrics; what puts them together names none, and none is declared twice. */

import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { createMetrics } from "#metrics.ts";
import { makersOn } from "#observability/metric-makers.ts";
import { workersFamilies } from "#workers/metric-families.ts";
import { sourceFiles } from "../support/floor-plan.ts";

const declared = (file: string) => [
  ...readFileSync(file, "utf8").matchAll(/\b(?:counter|gauge|seconds)\(\s*"([^"]+)"/g),
];
const files = sourceFiles().filter((file) => declared(file).length > 0);

test("a metric is declared by the room that counts it, and by no one else", () => {
  expect(files.length).toBeGreaterThan(5);
  expect(files.filter((file) => !/^src\/[\w-]+\/metric-families\.ts$/.test(file))).toEqual([]);
});

test("every metric that a room declares is registered, once", () => {
  const names = files.flatMap((file) => declared(file).map(([, name = ""]) => name));
  expect(new Set(names).size).toBe(names.length);
  const { registry } = createMetrics();
  // Those of a main thread that serves no calls itself.
  workersFamilies(makersOn(registry));
  const registered = new Set(registry.getMetricsAsArray().map(({ name }) => name));
  expect(names.filter((name) => !registered.has(name))).toEqual([]);
});
