import { expect, test } from "vitest";
import { attacks } from "../../soak/attacks.ts";
import {
  bounds,
  breachesOf,
  columns,
  type Measurement,
  rowOf,
  verdictOf,
} from "../../soak/verdict.ts";

const stood: Measurement = {
  attack: "crumbs",
  bytesSent: 47_000_000,
  seen: {},
  beforeBytes: 250e6,
  peakBytes: 250e6 + bounds.growthBytes,
  afterBytes: 300e6,
  cpuSeconds: 1.24,
  idleWaitMs: 0.6,
  waitMs: bounds.waitMs,
};

test("an attack passes at the bounds themselves", () => {
  expect(breachesOf(stood)).toEqual([]);
  expect(rowOf(stood)).toEqual([
    "crumbs",
    "ok",
    "47.0",
    "250",
    "450",
    "300",
    "200",
    "1.2",
    "1",
    "250",
  ]);
});

test.each([
  ["memory", { peakBytes: stood.peakBytes + 1 }],
  ["wait", { waitMs: bounds.waitMs + 0.1 }],
  ["died: out of memory", { death: "out of memory" }],
  ["another caller's bytes", { problem: "another caller's bytes" }],
  ["nothing was sent", { bytesSent: 0 }],
])("it fails by %s", (breach, change) => {
  const measurement = { ...stood, ...change };
  expect(breachesOf(measurement)).toEqual([breach]);
  expect(rowOf(measurement)[1]).toBe(`FAIL ${breach}`);
});

const slow = { ...stood, waitMs: bounds.waitMs + 1 };
const grown = { ...stood, peakBytes: stood.peakBytes + 1 };

test.each([
  ["none is no verdict", [], undefined],
  ["one within the bounds is enough", [stood], true],
  ["one beyond them asks for more", [slow], undefined],
  ["one of each asks for a third", [slow, stood], undefined],
  ["two within outvote one beyond", [grown, stood, stood], true],
  ["two beyond fail", [slow, grown], false],
  ["two beyond fail, with one within", [slow, stood, slow], false],
  ["a death is final", [{ ...stood, death: "out of memory" }], false],
  ["another caller's bytes are final", [{ ...slow, problem: "another caller's bytes" }], false],
])("measurements of an attack: %s", (_, measurements, verdict) => {
  expect(verdictOf(measurements)).toBe(verdict);
});

test("a row has a cell for each column", () => {
  expect(rowOf(stood)).toHaveLength(columns.length);
});

test("no two attacks have the same name", () => {
  expect(new Set(attacks.map(({ name }) => name)).size).toBe(attacks.length);
});
