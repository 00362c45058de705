/** Which requests are sampled, and how much a client can bring about. */

import { expect, test } from "vitest";
import { seededRng } from "#core/rng.ts";
import { Sampler } from "#tracing/sampler.ts";

const ids = Array.from({ length: 20_000 }, (_, at) => {
  const rng = seededRng(at);
  return Array.from({ length: 32 }, () => Math.floor(rng.next() * 16).toString(16)).join("");
});

function sampler(options: Partial<ConstructorParameters<typeof Sampler>[0]> = {}) {
  let limited = 0;
  const made = new Sampler(
    { ratio: 0.1, honoursParents: true, parentsPerSecond: 5, ...options },
    seededRng(1),
    () => {
      limited += 1;
    },
  );
  return { made, limited: () => limited };
}

test("a share of the traces that begin here is sampled, the same ones by every process", () => {
  const one = sampler().made;
  const other = sampler().made;
  const sampled = ids.filter((id) => one.begins(id));
  expect(sampled.length / ids.length).toBeCloseTo(0.1, 1.5);
  expect(ids.filter((id) => other.begins(id))).toEqual(sampled);
  // Who samples more samples those, too.
  const more = sampler({ ratio: 0.5 }).made;
  expect(sampled.every((id) => more.begins(id))).toBe(true);
});

test("all or none where the share says so", () => {
  expect(ids.every((id) => sampler({ ratio: 1 }).made.begins(id))).toBe(true);
  expect(ids.some((id) => sampler({ ratio: 0 }).made.begins(id))).toBe(false);
});

test("a request of a trace goes by its flag, but no more than so many a second", () => {
  const { made, limited } = sampler({ ratio: 0 });
  const joins = (isSampled: boolean, nowMs: number) =>
    ids.slice(0, 100).filter((traceId) => made.joins({ traceId, isSampled }, nowMs)).length;
  expect(joins(false, 0)).toBe(0);
  expect(joins(true, 0)).toBe(5);
  expect(limited()).toBe(95);
  expect(joins(true, 1_000)).toBe(5);
});

test("beyond that the share decides by chance, and not by an id that the client has chosen", () => {
  const always = "f".repeat(32);
  const { made } = sampler({ honoursParents: false, parentsPerSecond: 0 });
  expect(made.begins(always)).toBe(true);
  const sampled = ids.filter(() => made.joins({ traceId: always, isSampled: true }, 0));
  expect(sampled.length / ids.length).toBeCloseTo(0.1, 1.5);
});
