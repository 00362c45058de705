/** Opens what records the traces of calls and sends them to a collector. */

import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import type { Clock } from "#core/clock.ts";
import { systemRng } from "#core/rng.ts";
import { packageVersion } from "#core/version.ts";
import type { CallTraces } from "#observability/call-traces.ts";
import type { Logger } from "#observability/logger.ts";
import { ExportRequests } from "./export-request.ts";
import { Exporter } from "./exporter.ts";
import type { TracingMetrics } from "./metric-families.ts";
import { resourceNames } from "./names.ts";
import type { OtlpSender } from "./otlp-sender.ts";
import { Sampler } from "./sampler.ts";
import { Propagator, Tracer } from "./tracer.ts";
import type { OtlpSettings, TracingSettings } from "./tracing-settings.ts";

/** What tracing needs of its surroundings. */
export interface TracingDeps {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: TracingMetrics;
}

/** What records traces. Disposing of it sends what is left, within 5 seconds. */
export interface Tracing extends CallTraces, AsyncDisposable {}

/** The protocol that is wanted is loaded alone. */
async function openSender(
  { protocol, caFile, ...reach }: OtlpSettings,
  requests: ExportRequests,
  clock: Clock,
): Promise<OtlpSender> {
  const options = { ...reach, ...(caFile === undefined ? {} : { ca: readFileSync(caFile) }) };
  if (protocol === "grpc") {
    const { OtlpGrpc } = await import("./otlp-grpc.ts");
    return new OtlpGrpc(options, requests, clock, systemRng);
  }
  const { OtlpHttp } = await import("./otlp-http.ts");
  return new OtlpHttp(options, requests, () => clock.wallMs());
}

/** Opens tracing. Rejects when the file with the collector's authorities cannot be read. */
export async function openTracing(
  settings: TracingSettings,
  { clock, logger, metrics }: TracingDeps,
): Promise<Tracing> {
  const { otlp, queue } = settings;
  if (otlp === undefined) {
    const propagator = new Propagator(settings);
    return Object.assign(propagator, { async [Symbol.asyncDispose]() {} });
  }
  const requests = new ExportRequests({
    [resourceNames.serviceVersion]: packageVersion,
    [resourceNames.serviceInstance]: randomUUID(),
    [resourceNames.sdkLanguage]: "nodejs",
    [resourceNames.sdkName]: "polygate",
    [resourceNames.sdkVersion]: packageVersion,
    ...settings.resource,
  });
  const sender = await openSender(otlp, requests, clock);
  const exporter = new Exporter(
    { queue, timeoutMs: otlp.timeoutMs },
    {
      ...{ sender, clock, rng: systemRng },
      onEnd: (result, spans) => metrics.traceSpans.inc({ result }, spans),
      onState(state, words) {
        if (state === "working") logger.info("traces are exported again");
        else logger.warn({ error: words }, "traces cannot be exported");
      },
    },
  );
  const onLimited = () => metrics.traceParentsLimited.inc();
  const sampler = new Sampler(settings, systemRng, onLimited);
  const tracer = new Tracer(settings, { clock, sampler, exporter });
  return Object.assign(tracer, { [Symbol.asyncDispose]: () => exporter[Symbol.asyncDispose]() });
}
