/** A page that fails: its client learns no more than that, and the log has the cause, once. */

import { expect, test } from "vitest";
import { ByteBudget } from "#core/byte-budget.ts";
import { systemClock } from "#core/clock.ts";
import { createMetrics } from "#metrics.ts";
import { createLogger } from "#observability/logger.ts";
import { openFront } from "../../src/front.ts";

test("the access line has what a page failed with, by the request's id; its client has the id alone", async () => {
  const lines: Record<string, unknown>[] = [];
  const { promise: written, resolve } = Promise.withResolvers<void>();
  const write = (line: string) => {
    lines.push(JSON.parse(line));
    resolve();
  };
  const logger = createLogger({ level: "info", format: "json", output: "stdout" }, { write });
  const broken = () => {
    throw new Error("cannot be read", { cause: new Error("/srv/secret/file is gone") });
  };
  await using front = await openFront(
    {
      listeners: [
        {
          ...{ name: "gateway", host: "127.0.0.1", port: 0, serves: ["rest"] },
          ...{ http1Engine: "polygate", http2Engine: "polygate" },
        },
      ],
      routes: () => undefined,
      interceptors: [],
      pages: { all: { "/page": broken }, metrics: {}, rest: () => ({}) },
      bytesMax: 1024,
      buffers: new ByteBudget(1 << 20),
      trustedProxies: [],
      connectionsMax: 10,
    },
    { clock: systemClock, logger, metrics: createMetrics() },
  );
  const headers = { "x-request-id": "req-1" };
  const page = await fetch(`http://127.0.0.1:${front.listeners[0]?.port}/page`, { headers });
  expect(page.status).toBe(500);
  const told = await page.text();
  expect(JSON.parse(told)).toMatchObject({
    error: { code: "INTERNAL", message: "internal error", request_id: "req-1" },
  });
  expect(told).not.toMatch(/read|secret|gone/);
  await written;
  expect(lines).toEqual([
    expect.objectContaining({
      ...{ level: "error", request_id: "req-1", endpoint: "/page", status: 500 },
      error: expect.stringMatching(/cannot be read: .*secret.file is gone/),
    }),
  ]);
});
