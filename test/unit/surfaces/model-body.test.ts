/** Bodies for model servers: long ones are read one after the other, whatever becomes of them. */

import { expect, test } from "vitest";
import type { Exchange } from "#exchange/exchange.ts";
import type { ExchangeCall } from "#rpc/exchange-call.ts";
import { type BodyTerms, readBody } from "#surfaces/model-body.ts";

const megabyte = 1024 * 1024;
const { signal } = new AbortController();

/** Reads a body of some length. */
function reading<R>(length: number, read: (body: Uint8Array) => R | Promise<R>, by = signal) {
  const body = new Uint8Array(length);
  const exchange = { header: () => undefined, takeBody: () => body } as unknown as Exchange;
  const call = {} as ExchangeCall;
  const terms = { bodyBytesMax: 64 * megabyte } as BodyTerms;
  return readBody({ exchange, call, source: { signal: by } }, terms, read);
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

test("a long body waits until another is read, a short one does not", async () => {
  const first = Promise.withResolvers<string>();
  const order: string[] = [];
  const one = reading(2 * megabyte, () => first.promise);
  const two = reading(2 * megabyte, ({ length }) => order.push(`long ${length}`));
  await reading(megabyte, () => order.push("short"));
  await turn();
  expect(order).toEqual(["short"]);
  first.resolve("read");
  expect(await one).toBe("read");
  await two;
  expect(order).toEqual(["short", `long ${2 * megabyte}`]);
});

test("one that cannot be read, and one whose caller leaves while it waits, are in nobody's way", async () => {
  const broken = reading(2 * megabyte, () => Promise.reject(new Error("no JSON")));
  const leave = new AbortController();
  const left = reading(2 * megabyte, () => "never", leave.signal);
  leave.abort(new Error("gone"));
  await expect(broken).rejects.toThrow("no JSON");
  await expect(left).rejects.toThrow("gone");
  expect(await reading(2 * megabyte, () => "next")).toBe("next");
});

test("the memory of a body that is refused is given back at once, whatever was read of it", async () => {
  let refused: Uint8Array = new Uint8Array();
  const body = reading(2 * megabyte, (bytes) => {
    refused = bytes;
    throw new Error("not so");
  });
  await expect(body).rejects.toThrow("not so");
  expect(refused.buffer.byteLength).toBe(0);
});
