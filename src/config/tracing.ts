/** The section `tracing`: which calls are traced, and where their spans go. */

import { resolve } from "node:path";
import { z } from "zod";
import { attributesMax } from "#tracing/attributes.ts";
import { duration, flag, numberBetween, size, text, textThat, wholeNumber } from "#yaml/scalar.ts";
import type { CompileContext } from "./compile-context.ts";
import { boolean, type EnvironmentRow } from "./environment-row.ts";
import type { Report } from "./report.ts";
import type { ListenerSettings, TracingSettings } from "./settings.ts";
import { traceTrust } from "./trace-trust.ts";

const collectorUrl = () =>
  textThat("an address such as http://localhost:4318", (written) => {
    const url = URL.parse(written);
    return url !== null && ["http:", "https:"].includes(url.protocol) && url.username === "";
  });

const samplers = [
  "always_on",
  "always_off",
  "traceidratio",
  "parentbased_always_on",
  "parentbased_always_off",
  "parentbased_traceidratio",
] as const;

/** The section of the file. */
export const tracing = z.strictObject({
  enabled: flag()
    .prefault(true)
    .describe("Off: nothing is traced, whatever else is set (`OTEL_SDK_DISABLED`)."),
  endpoint: collectorUrl()
    .optional()
    .describe(
      "Collector that takes OTLP, such as http://localhost:4318, where `/v1/traces` is added for HTTP. Nothing is traced when absent.",
    ),
  traces_endpoint: collectorUrl()
    .optional()
    .describe("In place of `endpoint`: the whole URL, to which nothing is added."),
  exporter: z
    .enum(["otlp", "none"])
    .prefault("otlp")
    .describe("`none`: nothing is recorded, and trace contexts are passed on as they came."),
  protocol: z
    .enum(["http/protobuf", "grpc"])
    .prefault("http/protobuf")
    .describe("How the collector is spoken to."),
  headers: z
    .record(
      text("a field's name", /^[\w!#$%&'*+.^`|~-]+$/),
      text("a field's value", /^[\x20-\x7e]*$/),
    )
    .prefault({})
    .describe("Fields that go with each request to the collector, such as `authorization`."),
  ca_file: text()
    .optional()
    .describe(
      "PEM authorities that the collector's certificate is checked against; the system's if absent.",
    ),
  timeout: duration("1m").prefault("10s").describe("Time of one request to the collector."),
  service_name: text("a name", /^\S.*$/)
    .optional()
    .describe("`service.name` of the resource; `polygate` when absent."),
  resource: z
    .record(text("an attribute's name", /^\S+$/), z.string())
    .prefault({})
    .describe("Further attributes of the resource, such as `deployment.environment.name`."),
  sampler: z
    .enum(samplers)
    .prefault("parentbased_always_on")
    .describe(
      "Which calls are sampled: all, none or a share of the traces that begin here; `parentbased`: of others' traces those that are sampled there.",
    ),
  ratio: numberBetween(0, 1).prefault(1).describe("Share of traces that `traceidratio` samples."),
  trace_context: traceTrust()
    .prefault("all")
    .describe(
      "Whose `traceparent` counts: everybody's (`all`), that of `trusted_proxies` (`proxies`), or nobody's. A call with another one begins a trace of its own, with a link to it.",
    ),
  sampled_parents: wholeNumber(0, 1_000_000)
    .prefault(100)
    .describe(
      "Calls a second that are sampled because their client's `traceparent` says so; beyond that the sampler's own share decides.",
    ),
  queue_max: wholeNumber(512, 1_000_000)
    .prefault(65_536)
    .describe("Spans that wait to be sent; more are dropped and counted."),
  queue_size: size("1GB").prefault("32MB").describe("Bytes of spans that wait to be sent."),
});

type FileTracing = z.output<typeof tracing>;

/** A percent sign that stands for itself is no encoding. */
function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** `name=value,name=value` with percent-encoded values, as OpenTelemetry writes it; what has no name is left out. */
function pairs(written: string): Record<string, string> {
  return Object.fromEntries(
    written.split(",").flatMap((pair) => {
      const at = pair.indexOf("=");
      const name = decoded(pair.slice(0, Math.max(0, at)).trim());
      return name === "" ? [] : [[name, decoded(pair.slice(at + 1).trim())]];
    }),
  );
}

const lower = (written: string) => written.toLowerCase();
const milliseconds = (written: string) => (/^\d+$/.test(written) ? `${written}ms` : written);

/** Environment names of the section: OpenTelemetry's own. Those for traces alone come later, and win. */
export const tracingRows: readonly EnvironmentRow[] = [
  {
    name: "OTEL_SDK_DISABLED",
    path: ["tracing", "enabled"],
    // By the specification anything but true is false.
    value: (written) => boolean(written) !== true,
  },
  { name: "OTEL_TRACES_EXPORTER", path: ["tracing", "exporter"], value: lower },
  { name: "OTEL_EXPORTER_OTLP_ENDPOINT", path: ["tracing", "endpoint"] },
  { name: "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", path: ["tracing", "traces_endpoint"] },
  { name: "OTEL_EXPORTER_OTLP_PROTOCOL", path: ["tracing", "protocol"], value: lower },
  { name: "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", path: ["tracing", "protocol"], value: lower },
  { name: "OTEL_EXPORTER_OTLP_HEADERS", path: ["tracing", "headers"], value: pairs },
  { name: "OTEL_EXPORTER_OTLP_TRACES_HEADERS", path: ["tracing", "headers"], value: pairs },
  { name: "OTEL_EXPORTER_OTLP_TIMEOUT", path: ["tracing", "timeout"], value: milliseconds },
  { name: "OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", path: ["tracing", "timeout"], value: milliseconds },
  { name: "OTEL_EXPORTER_OTLP_CERTIFICATE", path: ["tracing", "ca_file"] },
  { name: "OTEL_EXPORTER_OTLP_TRACES_CERTIFICATE", path: ["tracing", "ca_file"] },
  { name: "OTEL_SERVICE_NAME", path: ["tracing", "service_name"] },
  { name: "OTEL_RESOURCE_ATTRIBUTES", path: ["tracing", "resource"], value: pairs },
  { name: "OTEL_TRACES_SAMPLER", path: ["tracing", "sampler"], value: lower },
  { name: "OTEL_TRACES_SAMPLER_ARG", path: ["tracing", "ratio"] },
];

/** Where spans go; undefined: nowhere. */
function urlOf({ endpoint, traces_endpoint: whole, protocol }: FileTracing): string | undefined {
  if (whole !== undefined) return whole;
  if (endpoint === undefined || protocol === "grpc") return endpoint;
  const url = new URL(endpoint);
  url.pathname = `${url.pathname.replace(/\/+$/, "")}/v1/traces`;
  return url.href;
}

/** The share of traces that begin here. */
function ratioOf({ sampler, ratio }: FileTracing): number {
  if (sampler.endsWith("always_on")) return 1;
  return sampler.endsWith("always_off") ? 0 : ratio;
}

/** What it is compiled with. */
interface TracingContext {
  readonly listeners: readonly ListenerSettings[];
  readonly context: Pick<CompileContext, "folder" | "tlsProblems">;
  readonly report: Report;
}

/** Absent: nothing is traced. */
export function tracingFrom(
  file: FileTracing,
  { listeners, context, report }: TracingContext,
): { readonly tracing?: TracingSettings } {
  const url = urlOf(file);
  const isSent = file.exporter === "otlp";
  const caFile =
    file.ca_file === undefined ? {} : { caFile: resolve(context.folder, file.ca_file) };
  for (const { message } of context.tlsProblems(caFile)) report(["tracing", "ca_file"], message);
  if (file.ca_file !== undefined && url?.startsWith("https:") !== true) {
    report(["tracing", "ca_file"], "needs an address that begins with https://");
  }
  if (Object.keys(file.resource).length > attributesMax - 8) {
    report(["tracing", "resource"], `has more than ${attributesMax - 8} attributes`);
  }
  if (!file.enabled || (isSent && url === undefined)) return {};
  const service = file.service_name ?? file.resource["service.name"] ?? "polygate";
  const { protocol, headers, timeout: timeoutMs } = file;
  return {
    tracing: {
      ...(isSent &&
        url !== undefined && { otlp: { url, protocol, headers, timeoutMs, ...caFile } }),
      trust: file.trace_context,
      trustByListener: Object.fromEntries(
        listeners.flatMap(({ name, traceContext }) =>
          traceContext === undefined ? [] : [[name, traceContext]],
        ),
      ),
      ratio: ratioOf(file),
      honoursParents: file.sampler.startsWith("parentbased"),
      parentsPerSecond: file.sampled_parents,
      resource: { ...file.resource, "service.name": service },
      queue: { spansMax: file.queue_max, bytesMax: file.queue_size },
    },
  };
}
