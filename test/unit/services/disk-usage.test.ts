import { expect, test } from "vitest";
import { createDiskGauge, type DiskUsage } from "#services/disk-usage.ts";

test("the machine's own disk has a size, and is not fuller than full", async () => {
  const gauge = createDiskGauge();
  await gauge.refresh();
  const { totalBytes, freeBytes, usedRatio } = gauge.latest();
  expect(totalBytes).toBeGreaterThan(0);
  expect(freeBytes).toBeLessThanOrEqual(totalBytes);
  expect(usedRatio).toBeGreaterThanOrEqual(0);
  expect(usedRatio).toBeLessThanOrEqual(1);
});

test("while a disk does not answer, the last figures are told and nothing more is asked of it", async () => {
  const first: DiskUsage = { totalBytes: 100, freeBytes: 60, usedRatio: 0.4 };
  let reads = 0;
  const gauge = createDiskGauge(() => {
    reads += 1;
    return reads === 1 ? Promise.resolve(first) : new Promise(() => {});
  });
  await gauge.refresh();
  for (let ask = 0; ask < 10; ask += 1) void gauge.refresh();
  expect(gauge.latest()).toEqual(first);
  expect(reads).toBe(2);
});

test("a reading that fails leaves the figures, and the next one is made", async () => {
  const outcomes = [
    async () => ({ totalBytes: 100, freeBytes: 60, usedRatio: 0.4 }),
    () => Promise.reject(new Error("no such disk")),
    async () => ({ totalBytes: 100, freeBytes: 50, usedRatio: 0.5 }),
  ];
  const gauge = createDiskGauge(() => (outcomes.shift() ?? outcomes[0])!());
  const told: number[] = [];
  for (let ask = 0; ask < 3; ask += 1) {
    await gauge.refresh();
    told.push(gauge.latest().freeBytes);
  }
  expect(told).toEqual([60, 60, 50]);
});
