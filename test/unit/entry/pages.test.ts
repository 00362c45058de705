/** Plain pages: what GET, HEAD and OPTIONS of one get, and what is refused. */

import { expect, test } from "vitest";
import { createPagesSurface, type Pages } from "#entry/pages.ts";
import { reasonOf } from "#errors/fault.ts";
import type { CallRecord } from "#observability/call-record.ts";
import { MemoryExchange } from "../../support/memory-exchange.ts";

const page = { status: 200, contentType: "text/plain", body: "héllo" };
const pages: Pages = {
  "/page": () => page,
  "/tagged": async () => ({ ...page, headers: { etag: '"1"', "cache-control": "no-cache" } }),
  "/broken": () => Promise.reject(new Error("disk")),
  "/worse": () => {
    throw new Error("disk");
  },
};

const record = { endpoint: "none" } as CallRecord;

/** The answer, or the reason of the refusal. */
async function ask(method: string, target: string, headers: Record<string, string> = {}) {
  const exchange = new MemoryExchange({ method, target, headers });
  let refusal: string | undefined;
  const surface = createPagesSurface(pages, (_exchange, _record, error) => {
    refusal = reasonOf(error);
  });
  const taken = surface.take(exchange, record);
  await taken;
  return { exchange, refusal, taken, fields: Object.fromEntries(exchange.answerHeaders) };
}

test("GET of a page answers it, kept by nobody unless the page says so", async () => {
  const { exchange, fields } = await ask("GET", "/page?x=1");
  expect([exchange.status, exchange.text]).toEqual([200, "héllo"]);
  expect(fields).toMatchObject({ "content-type": "text/plain", "cache-control": "no-store" });
  expect((await ask("GET", "/tagged")).fields["cache-control"]).toBe("no-cache");
});

test("who has the page gets 304 without it", async () => {
  const { exchange, fields } = await ask("GET", "/tagged", { "if-none-match": 'W/"0", W/"1"' });
  expect([exchange.status, exchange.text]).toEqual([304, ""]);
  expect(fields).toEqual({ etag: '"1"', "cache-control": "no-cache" });
});

test("OPTIONS names the methods, and others are refused", async () => {
  expect((await ask("OPTIONS", "/page")).fields.allow).toBe("GET, HEAD, OPTIONS");
  expect((await ask("POST", "/page")).refusal).toBe("METHOD_NOT_ALLOWED");
});

test("a page that fails is refused as a bug of ours", async () => {
  expect((await ask("GET", "/broken")).refusal).toBe("INTERNAL");
  expect((await ask("GET", "/worse")).refusal).toBe("INTERNAL");
});

test.each(["/nope", "/toString", "/page/"])("%s is left to others", async (target) => {
  expect((await ask("GET", target)).taken).toBe(false);
});
