/** Reports what pools, tries and discoveries do, to metrics, log and records. */

import { TextsMap } from "#core/texts-map.ts";
import { threeDigits } from "#core/three-digits.ts";
import type { DiscoveryEvent } from "#discovery/follow.ts";
import { reasons } from "#errors/reason.ts";
import type { Shared } from "#gateway/parts.ts";
import type { Metrics } from "#metrics.ts";
import { causeText } from "#observability/cause-text.ts";
import type { CounterSeries } from "#observability/family.ts";
import type { StatsSeries } from "#observability/stats.ts";
import type { PlaceQueueWatch } from "#pool/place-queue.ts";
import type { PoolEjection } from "#pool/pool.ts";
import type { AttemptReport, AttemptStart } from "#routing/attempt.ts";

/** What names the endpoints, in the terms of the log. */
const tellers = { dns: "DNS", kubernetes: "Kubernetes" } as const;

/** Leaves a line of what DNS or Kubernetes did to the endpoints of a pool, and counts these. */
export function discoveryReporter({ logger, metrics }: Shared, pool: string) {
  return (event: DiscoveryEvent): void => {
    const { source, name } = event;
    const facts = { pool, [source]: name };
    const teller = tellers[source];
    const series = { pool, source, name };
    switch (event.kind) {
      case "changed":
        metrics.discoveredEndpoints.set(series, event.count);
        logger.info({ ...facts, joined: event.joined, left: event.left }, `endpoints by ${teller}`);
        return;
      case "failing":
        metrics.discoveryFailing.set(series, 1);
        logger.warn({ ...facts, error: causeText(event.cause) }, `${teller} fails: endpoints stay`);
        return;
      case "working":
        metrics.discoveryFailing.set(series, 0);
        logger.info(facts, `${teller} answers again`);
        return;
      case "beyond": {
        const { count: left_out, endpointsMax: max_endpoints } = event;
        logger.warn({ ...facts, left_out, max_endpoints }, "more addresses than endpoints may be");
      }
    }
  };
}

/** What leads from a line to the span of a try. */
function spanIds({ span }: AttemptStart) {
  return span === undefined ? {} : { trace_id: span.traceId, span_id: span.spanId };
}

/** Counts attempts, their time and their number in flight, and leaves an audit line of each. */
export function attemptReporter({ settings, metrics, stats, logger, records }: Shared) {
  const level = settings.logging.routing ? "info" : "debug";
  // Endpoints are those of the configuration.
  const known = new TextsMap<{ requests: CounterSeries; stats: StatsSeries }>();
  const seriesOf = (algorithm: string, core: string) => {
    const key = [algorithm, core];
    return (
      known.get(key) ??
      known.set(key, {
        requests: metrics.balancerRequests.labels({ algorithm, core }),
        stats: stats.series("backend", core),
      })
    );
  };
  return (start: AttemptStart) => {
    const { requestId: request_id, pool, algorithm, endpoint, model, attempt, decision } = start;
    records.decisions.add(start);
    if (logger.isLevelEnabled(level)) {
      const { route, by } = decision;
      const chosen = { route, pool, endpoint, model, algorithm, by, attempt };
      logger[level]({ request_id, ...spanIds(start), ...chosen }, "Load balancing decision");
    }
    const series = seriesOf(algorithm, endpoint);
    series.stats.begin();
    series.requests.inc();
    return ({ outcome, elapsedMs, firstMs, tokens, cost }: AttemptReport): void => {
      const failed = outcome !== "OK" && reasons[outcome].blame !== "caller";
      if (cost !== undefined && cost > 0) metrics.cost.inc({ provider: pool }, cost);
      if (failed) metrics.balancerErrors.inc({ algorithm, core: endpoint });
      series.stats.end(elapsedMs, { failed, tokens, cost });
      if (!logger.isLevelEnabled(level)) return;
      const times = {
        elapsed_ms: threeDigits(elapsedMs),
        ...(firstMs === undefined ? {} : { first_ms: threeDigits(firstMs) }),
      };
      const what = { pool, endpoint, model, algorithm, outcome };
      logger[level]({ request_id, ...spanIds(start), ...what, ...times }, "[PERFORMANCE]");
    };
  };
}

/** Counts attempts beyond the first of a call. Both kinds are there from the start: what appears later has no rate yet. */
export function extraAttempts({ metrics: { balancerDenied, balancerExtra } }: Shared) {
  const seriesOf = (kind: "retry" | "hedge") => ({
    granted: balancerExtra.labels({ kind }),
    denied: balancerDenied.labels({ kind }),
  });
  const series = { retry: seriesOf("retry"), hedge: seriesOf("hedge") };
  return (kind: keyof typeof series, denied: boolean): void => {
    series[kind][denied ? "denied" : "granted"].inc();
  };
}

/** Counts ejections, and leaves a line of each. */
export function ejectionReporter({ metrics, logger }: Shared) {
  return ({ pool, endpoint, model, cause, forMs }: PoolEjection): void => {
    metrics.balancerEjections.inc({ core: endpoint, cause });
    const facts = { pool, endpoint, model, cause, for_ms: threeDigits(forMs) };
    logger.warn(facts, "endpoint ejected");
  };
}

/** Counts the calls that wait for a provider. */
export function queueWatch(
  { queued, queueWait, queueFull }: Metrics,
  provider: string,
): PlaceQueueWatch {
  return {
    onChange: (priority, by) => queued.inc({ provider, priority }, by),
    onEnd: (end, waitedMs) => queueWait.observe({ provider, end }, waitedMs / 1000),
    onFull: () => queueFull.inc({ provider }),
  };
}
