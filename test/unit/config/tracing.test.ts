/** The section `tracing`, and OpenTelemetry's own names in the environment. */

import { expect, test } from "vitest";
import { loadYaml, problemsOf, settingsOf } from "../../support/config-folder.ts";

const tracingOf = (yaml: string, env = {}) => settingsOf(loadYaml(yaml, env)).tracing;

test("nothing is traced without a collector, nor where that is switched off", () => {
  expect(tracingOf("{}")).toBeUndefined();
  expect(tracingOf("{}", { OTEL_SERVICE_NAME: "front" })).toBeUndefined();
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: "http://collector:4318" };
  expect(tracingOf("{}", { ...env, OTEL_SDK_DISABLED: "true" })).toBeUndefined();
  expect(tracingOf("{}", { ...env, OTEL_SDK_DISABLED: "nonsense" })).toBeDefined();
});

test("a collector alone is enough", () => {
  expect(tracingOf("{}", { OTEL_EXPORTER_OTLP_ENDPOINT: "http://collector:4318" })).toEqual({
    otlp: {
      url: "http://collector:4318/v1/traces",
      protocol: "http/protobuf",
      headers: {},
      timeoutMs: 10_000,
    },
    trust: "all",
    trustByListener: {},
    ratio: 1,
    honoursParents: true,
    parentsPerSecond: 100,
    resource: { "service.name": "polygate" },
    queue: { spansMax: 65_536, bytesMax: 32 * 1024 * 1024 },
  });
});

test("OpenTelemetry's names mean what they mean elsewhere, those for traces before the others", () => {
  const tracing = tracingOf("tracing: { endpoint: http://file:4318 }", {
    OTEL_EXPORTER_OTLP_ENDPOINT: "https://collector/base/",
    OTEL_EXPORTER_OTLP_HEADERS: "authorization=Bearer%20key,x-tenant = a=b,=no,none",
    OTEL_EXPORTER_OTLP_TIMEOUT: "2500",
    OTEL_SERVICE_NAME: "front",
    OTEL_RESOURCE_ATTRIBUTES: "service.name=loses,deployment.environment.name=prod",
    OTEL_TRACES_SAMPLER: "traceidratio",
    OTEL_TRACES_SAMPLER_ARG: "0.25",
  });
  expect(tracing).toMatchObject({
    otlp: {
      url: "https://collector/base/v1/traces",
      headers: { authorization: "Bearer key", "x-tenant": "a=b" },
      timeoutMs: 2_500,
    },
    resource: { "service.name": "front", "deployment.environment.name": "prod" },
    ratio: 0.25,
    honoursParents: false,
  });
  const own = tracingOf("{}", {
    OTEL_EXPORTER_OTLP_ENDPOINT: "http://all:4318",
    OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: "http://traces:4317",
    OTEL_EXPORTER_OTLP_PROTOCOL: "http/protobuf",
    OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: "grpc",
  });
  expect(own?.otlp).toMatchObject({ url: "http://traces:4317", protocol: "grpc" });
});

test.each([
  ["always_on", 1, false],
  ["always_off", 0, false],
  ["traceidratio", 0.1, false],
  ["parentbased_always_on", 1, true],
  ["parentbased_always_off", 0, true],
  ["parentbased_traceidratio", 0.1, true],
])("the sampler %s", (sampler, ratio, honoursParents) => {
  const yaml = `tracing: { endpoint: http://c:4318, sampler: ${sampler}, ratio: 0.1 }`;
  expect(tracingOf(yaml)).toMatchObject({ ratio, honoursParents });
});

test("a listener may trust other contexts", () => {
  const yaml = `
listeners: [{ name: inside, port: 0 }, { name: outside, port: 0, trace_context: none }]
tracing: { endpoint: http://c:4318, trace_context: proxies }
`;
  const trust = { trust: "proxies", trustByListener: { outside: "none" } };
  expect(tracingOf(yaml)).toMatchObject(trust);
});

test.each([
  ["tracing: { endpoint: localhost }", "tracing.endpoint"],
  ["tracing: { endpoint: 'http://user:pass@c' }", "tracing.endpoint"],
  ["tracing: { sampler: sometimes }", "tracing.sampler"],
  ["tracing: { ratio: 2 }", "tracing.ratio"],
  ["tracing: { protocol: http/json }", "tracing.protocol"],
  ["tracing: { headers: { 'a b': c } }", "tracing.headers"],
  ['tracing: { headers: { a: "b\\nc" } }', "tracing.headers.a"],
  ["tracing: { endpoint: 'http://c', ca_file: nowhere.pem }", "tracing.ca_file"],
])("%s is refused at its place", (yaml, path) => {
  expect(problemsOf(loadYaml(yaml)).join("\n")).toContain(path);
});

test("a resource has no more attributes than a span may have", () => {
  const many = Array.from({ length: 60 }, (_, at) => `a${at}: b`).join(", ");
  const problems = problemsOf(loadYaml(`tracing: { resource: { ${many} } }`));
  expect(problems.join()).toContain("tracing.resource");
});
