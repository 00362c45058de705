import { expect, test } from "vitest";
import { countRequests } from "#entry/request-count.ts";
import { createMetrics } from "#metrics.ts";
import { callRecord } from "../../support/call.ts";

/** The lines of /metrics that tell of requests, without those of buckets. */
async function counted(count: (request: ReturnType<typeof countRequests>) => void) {
  const metrics = createMetrics();
  count(countRequests(metrics));
  const text = await metrics.registry.metrics();
  return text
    .split("\n")
    .filter((line) => /^(http|gateway)_request.*(?<!le="[^"]*".*) /.test(line));
}

test("a request is counted once under each name, with the labels that dashboards know", async () => {
  const lines = await counted((count) => {
    count(callRecord({ endpoint: "/a", httpMethod: "GET", port: 8080 }), 200, 500);
    count(callRecord({ endpoint: "/a", httpMethod: "GET", port: 8080 }), 200, 250);
  });
  expect(lines).toEqual([
    'http_requests_total{method="GET",endpoint="/a",port="8080",status="200"} 2',
    'http_request_duration_seconds_sum{method="GET",endpoint="/a"} 0.75',
    'http_request_duration_seconds_count{method="GET",endpoint="/a"} 2',
    'gateway_requests_total{method="GET",endpoint="/a",status="200"} 2',
    "gateway_request_duration_seconds_sum 0.75",
    "gateway_request_duration_seconds_count 2",
  ]);
});

test("endpoints, methods, ports and statuses are told apart; words of a client's own are one", async () => {
  const lines = await counted((count) => {
    count(callRecord({ endpoint: "/a", httpMethod: "GET", port: 1 }), 200, 0);
    count(callRecord({ endpoint: "/a", httpMethod: "GET", port: 2 }), 200, 0);
    count(callRecord({ endpoint: "/a", httpMethod: "POST", port: 1 }), 499, 0);
    count(callRecord({ endpoint: "/b", httpMethod: "BREW", port: 1 }), 405, 0);
    count(callRecord({ endpoint: "/b", httpMethod: "constructor", port: 1 }), 405, 0);
  });
  expect(lines.filter((line) => line.includes("_total"))).toEqual([
    'http_requests_total{method="GET",endpoint="/a",port="1",status="200"} 1',
    'http_requests_total{method="GET",endpoint="/a",port="2",status="200"} 1',
    'http_requests_total{method="POST",endpoint="/a",port="1",status="499"} 1',
    'http_requests_total{method="OTHER",endpoint="/b",port="1",status="405"} 2',
    'gateway_requests_total{method="GET",endpoint="/a",status="200"} 2',
    'gateway_requests_total{method="POST",endpoint="/a",status="499"} 1',
    'gateway_requests_total{method="OTHER",endpoint="/b",status="405"} 2',
  ]);
  expect(lines).toContain('http_request_duration_seconds_count{method="GET",endpoint="/a"} 2');
  expect(lines.filter((line) => line.includes("_count"))).toHaveLength(3);
});

test("the page stays small: every method tried on fifty endpoints that take one", async () => {
  const metrics = createMetrics();
  const count = countRequests(metrics);
  for (let at = 0; at < 50; at++) {
    for (const httpMethod of ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "BREW"]) {
      const record = callRecord({ endpoint: `/api/v1/things/{id}/number-${at}`, httpMethod });
      count(record, httpMethod === "GET" ? 200 : 405, 1);
    }
  }
  const text = await metrics.registry.metrics();
  expect(text.split("\n").filter((line) => line.startsWith("http_request_duration"))).toHaveLength(
    50 * 16,
  );
  expect(text.length).toBeLessThan(200_000);
});
