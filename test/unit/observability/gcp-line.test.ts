import { expect, test } from "vitest";
import { gcpLine } from "#observability/gcp-line.ts";

const lineOf = (facts: object) => `${JSON.stringify(facts)}\n`;
const read = (facts: object, project?: string) => JSON.parse(gcpLine(lineOf(facts), project));

test("an access line has severity, message and request in Cloud Logging's fields, and keeps its facts", () => {
  const facts = {
    level: "warn",
    time: "2026-11-30T08:00:00.000Z",
    request_id: "r-1",
    client: "10.0.0.1",
    http_method: "POST",
    http_version: "2",
    path: "/api/v1/chat",
    status: 429,
    elapsed_ms: 12.5,
    msg: "call",
  };
  const { level: _level, msg: _msg, ...kept } = facts;
  expect(read(facts)).toEqual({
    severity: "WARNING",
    message: "call",
    ...kept,
    httpRequest: {
      requestMethod: "POST",
      requestUrl: "/api/v1/chat",
      status: 429,
      remoteIp: "10.0.0.1",
      protocol: "HTTP/2",
      latency: "0.012500s",
    },
  });
});

test.each([
  ["debug", "DEBUG"],
  ["info", "INFO"],
  ["error", "ERROR"],
  ["fatal", "CRITICAL"],
  ["loud", "DEFAULT"],
])("the level %s is the severity %s", (level, severity) => {
  expect(read({ level, msg: "x" })).toEqual({ severity, message: "x" });
});

test("a trace is a link where the project is known, and a fact alone where it is not", () => {
  const facts = { level: "info", trace_id: "ab12", span_id: "cd34", msg: "call" };
  expect(read(facts, "my-project-1")).toMatchObject({
    trace_id: "ab12",
    "logging.googleapis.com/trace": "projects/my-project-1/traces/ab12",
    "logging.googleapis.com/spanId": "cd34",
  });
  expect(Object.keys(read(facts))).toEqual(["severity", "message", "trace_id", "span_id"]);
});

test("an error's stack is where Error Reporting looks for it", () => {
  const facts = { level: "error", err: { type: "Error", stack: "Error: x\n    at y" }, msg: "bug" };
  expect(read(facts)).toMatchObject({ stack_trace: "Error: x\n    at y" });
});
