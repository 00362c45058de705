/** Opens what lives as long as the process: the audit log, uploads, tracing, the watch over its load. */

import type { AuditSettings, TracingSettings, UploadsSettings } from "#config/settings.ts";
import type { Clock } from "#core/clock.ts";
import type { ProcessParts } from "#gateway/parts.ts";
import { MemoryLimits } from "#limits/limit-store.ts";
import type { Metrics } from "#metrics.ts";
import { type AuditLog, openAuditLog } from "#observability/audit-log.ts";
import type { CallTraces } from "#observability/call-traces.ts";
import { causeText } from "#observability/cause-text.ts";
import { type LoadTerms, rankOf } from "#overload/load-level.ts";
import { heapShareOfProcess, LoadMonitor } from "#overload/load-monitor.ts";
import { RelayIds } from "#services/relay-ids.ts";
import { UploadStore } from "#uploads/store.ts";

/** Opens the audit log; metrics report how many of its lines are lost. */
export function openAudit(terms: AuditSettings, { recordsLost }: Metrics): AuditLog {
  const lost = recordsLost.labels({ record: "audit" });
  try {
    return openAuditLog(terms, { onLost: (lines) => lost.inc(lines) });
  } catch (thrown) {
    const message = `audit.output: the file cannot be written: ${causeText(thrown)}`;
    throw new Error(message, { cause: thrown });
  }
}

/** Opens tracing; who wants none loads nothing for it. */
export async function openTraces(
  settings: TracingSettings | undefined,
  deps: Pick<ProcessParts, "clock" | "logger" | "metrics">,
  opening: AsyncDisposableStack,
): Promise<CallTraces | undefined> {
  if (settings === undefined) return undefined;
  const { openTracing } = await import("#tracing/open-tracing.ts");
  try {
    return opening.use(await openTracing(settings, deps));
  } catch (thrown) {
    throw new Error(`tracing: it cannot be opened: ${causeText(thrown)}`, { cause: thrown });
  }
}

/** Opens the store of uploads, which metrics report. */
export function openUploads(
  terms: UploadsSettings,
  { clock, metrics }: Pick<ProcessParts, "clock" | "metrics">,
): UploadStore {
  return new UploadStore(terms, {
    clock,
    onChange({ files, bytes }) {
      metrics.uploadFiles.set(files);
      metrics.uploadBytes.set(bytes);
    },
  });
}

/** Measures the load of the process, each change of whose level leaves a line. */
export function openLoad(
  terms: LoadTerms,
  { clock, logger, metrics }: Pick<ProcessParts, "clock" | "logger" | "metrics">,
): LoadMonitor {
  return new LoadMonitor(terms, {
    clock,
    heapShare: heapShareOfProcess,
    onChange(level) {
      metrics.overload.set(rankOf(level));
      if (level.refuses === "nothing") logger.info({ refuses: level.refuses }, "overload");
      else logger.warn({ refuses: level.refuses, cause: level.cause }, "overload");
    },
  });
}

/** What the process keeps for its generations: the buckets of the one before, where they are as many. */
export function keptBuckets(clock: Clock): ProcessParts["buckets"] {
  let kept: { readonly clientsMax: number; readonly store: MemoryLimits } | undefined;
  return (clientsMax) => {
    if (kept?.clientsMax !== clientsMax) {
      kept = { clientsMax, store: new MemoryLimits(clientsMax, clock) };
    }
    return kept.store;
  };
}

/** What the process keeps for its generations: the ids of the one before, where the secret is the same. */
export function keptIds(): ProcessParts["relayIds"] {
  let kept: { readonly secret: string | undefined; readonly ids: RelayIds } | undefined;
  return (secret) => {
    if (kept === undefined || kept.secret !== secret) kept = { secret, ids: new RelayIds(secret) };
    return kept.ids;
  };
}
