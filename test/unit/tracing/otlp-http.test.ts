/** OTLP over HTTP against a real port: what each answer of a collector means. */

import { expect, test } from "vitest";
import { ExportRequests } from "#tracing/export-request.ts";
import { OtlpHttp } from "#tracing/otlp-http.ts";
import { type CollectorAnswer, startCollector } from "../../support/collector-double.ts";

test.each<{ answer: CollectorAnswer; end: object }>([
  { answer: { status: 200 }, end: { kind: "sent", rejected: 0 } },
  { answer: { status: 200, rejected: 3 }, end: { kind: "sent", rejected: 3, words: "too old" } },
  {
    answer: { status: 503, headers: { "retry-after": "4" } },
    end: { kind: "busy", afterMs: 4_000 },
  },
  { answer: { status: 429 }, end: { kind: "busy", afterMs: undefined } },
  { answer: { status: 502 }, end: { kind: "busy" } },
  { answer: { status: 504 }, end: { kind: "busy" } },
  { answer: { status: 400 }, end: { kind: "refused" } },
  { answer: { status: 500 }, end: { kind: "refused" } },
  { answer: { status: 307, headers: { location: "/elsewhere" } }, end: { kind: "refused" } },
])("$answer.status is $end.kind", async ({ answer, end }) => {
  await using collector = await startCollector();
  collector.answers.push(answer);
  const options = { url: `${collector.url}/v1/traces`, headers: {}, timeoutMs: 2_000 };
  await using sender = new OtlpHttp(options, new ExportRequests({}), Date.now);
  expect(await sender.send([], new AbortController().signal)).toMatchObject(end);
});
