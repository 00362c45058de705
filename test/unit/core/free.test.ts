import { describe, expect, test } from "vitest";
import { free } from "#core/free.ts";

describe("free", () => {
  test("takes the memory of a buffer away from every view of it", () => {
    const bytes = Buffer.allocUnsafeSlow(16 * 1024);
    const view = bytes.subarray(10, 20);
    free(bytes);
    expect([bytes.length, view.length]).toEqual([0, 0]);
  });

  test.each([
    ["the beginning", 0, 16 * 1024],
    ["the end", 10, 16 * 1024 + 10],
    ["the middle", 5, 16 * 1024 + 5],
  ])("lets be what is only %s of some memory", (_, start, end) => {
    const whole = Buffer.alloc(16 * 1024 + 10, 1);
    free(whole.subarray(start, end));
    expect(whole.every((byte) => byte === 1)).toBe(true);
    expect(whole.length).toBe(16 * 1024 + 10);
  });

  test("leaves small buffers, those of the pool among them, to the collector", () => {
    const [small, pooled] = [Buffer.allocUnsafeSlow(16 * 1024 - 1), Buffer.from("abc")];
    free(small);
    free(pooled);
    expect([small.length, pooled.toString()]).toEqual([16 * 1024 - 1, "abc"]);
  });

  test("lets memory be that cannot be taken away: shared by threads", () => {
    const shared = new Uint8Array(new SharedArrayBuffer(16 * 1024));
    free(shared);
    expect(shared.length).toBe(16 * 1024);
  });

  test("is harmless twice", () => {
    const bytes = Buffer.allocUnsafeSlow(16 * 1024);
    free(bytes);
    free(bytes);
    expect(bytes.length).toBe(0);
  });
});
