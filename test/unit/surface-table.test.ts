import { expect, test } from "vitest";
import { usualMetricsPath } from "#config/metrics.ts";
import { isReserved } from "#surface-table.ts";
import { startTestGateway } from "../support/gateway.ts";

test("every page and every REST path without variables is reserved", async () => {
  await using gateway = await startTestGateway();
  const document = await fetch(`${gateway.url}/openapi.json`);
  const { paths } = (await document.json()) as { paths: object };
  const page = await (await fetch(`${gateway.url}/docs`)).text();
  const files = [...page.matchAll(/(?:src|href)="([^":]+\.(?:css|js))"/g)].map(
    ([, file = ""]) => new URL(file, `${gateway.url}/docs`).pathname,
  );
  // What a metrics page may be called: bindings with a verb are out of its reach.
  const rest = Object.keys(paths).filter((path) => /^\/[\w./-]+$/.test(path));
  expect([files.length > 0, rest.length > 5]).toEqual([true, true]);
  const icons = ["/favicon.ico", "/favicon.svg"];
  const pages = ["/livez", "/readyz", "/status", "/docs", "/docs/", "/openapi.json", ...icons];
  const served = [...pages, ...files, ...rest];
  expect(served.filter((path) => !isReserved(path))).toEqual([]);
});

test.each([usualMetricsPath, "/-/metrics", "/api/metrics", "/docs-metrics", "/livez/metrics"])(
  "%s is free",
  (path) => {
    expect(isReserved(path)).toBe(false);
  },
);
