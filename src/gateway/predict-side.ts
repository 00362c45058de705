/** Opens the models of this process and the servers of models beside them. */

import type { PredictBackend } from "#backends/backend.ts";
import type { Statistics } from "#backends/inference-statistics.ts";
import { createOnnxBackend, type OnnxBackend } from "#backends/onnx/backend.ts";
import { PredictCatalog, type PredictCatalogOptions } from "#catalog/predict-catalog.ts";
import { systemRng } from "#core/rng.ts";
import { settleWithin } from "#core/settle-within.ts";
import type { Discovery } from "#discovery/discovery.ts";
import type { Shared } from "#gateway/parts.ts";
import { discoveryReporter, ejectionReporter } from "#gateway/reports.ts";
import { causeText } from "#observability/cause-text.ts";
import type { PoolDeps } from "#pool/pool.ts";

/** Opens the backend of the models, each of whose changes leaves a line. */
export function openPredict(
  { settings, clock, logger, thread }: Shared,
  statistics: Statistics,
): Promise<OnnxBackend> {
  return createOnnxBackend(settings.onnx, {
    clock,
    statistics,
    pool: thread?.openInference(),
    onChange({ name, state, version, error }) {
      logger[error === undefined ? "info" : "warn"](
        { model: name, state, version, error },
        "model",
      );
    },
    onStray({ name, problem }) {
      logger.warn({ name, problem }, "not read from the model repository");
    },
  });
}

/** What pools of servers need, each of whose changes leaves a line. */
function serverPoolDeps(shared: Shared): PoolDeps {
  const { clock, logger, records } = shared;
  return {
    clock,
    rng: systemRng,
    onChange(change) {
      records.onHealth(change);
      const { pool, member } = change;
      const { id: endpoint, health, isDraining } = member;
      if (health.kind === "unknown") return;
      const draining = isDraining ? { draining: true } : {};
      const facts = { pool, endpoint, health: health.kind, ...draining };
      if (health.kind === "healthy") logger.info(facts, "model server health");
      else logger.warn({ ...facts, error: causeText(health.cause) }, "model server health");
    },
    onEjection: ejectionReporter(shared),
  };
}

/** The models under one contract, and what fills the pools of servers. */
interface PredictSide {
  readonly predict: PredictCatalog;
  readonly discoveries: readonly Discovery[];
}

/** The models of this process and those of servers under one contract; who has none loads nothing for them. */
export async function openPredictCatalog(
  shared: Shared,
  local: PredictBackend,
  { dispatch, statistics }: Pick<PredictCatalogOptions, "dispatch" | "statistics">,
): Promise<PredictSide> {
  const { modelServers, chat } = shared.settings;
  const { retryAttempts, attemptTimeoutMs, healthTimeoutMs } = chat;
  const terms = { retryAttempts, ...(attemptTimeoutMs === undefined ? {} : { attemptTimeoutMs }) };
  const deps = serverPoolDeps(shared);
  const options = { local, dispatch, terms, statistics };
  if (modelServers.length === 0) {
    return { predict: new PredictCatalog({ ...options, groups: [] }, deps), discoveries: [] };
  }
  const { openPredictGroup } = await import("#catalog/open-predict.ts");
  const opened = modelServers.map((group) =>
    openPredictGroup(group, chat, {
      ...deps,
      onDiscovery: discoveryReporter(shared, group.name),
    }),
  );
  const discoveries = opened.flatMap(({ discovery }) =>
    discovery === undefined ? [] : [discovery],
  );
  const groups = opened.map(({ group }) => group);
  // Who starts while nobody tells the servers serves without them.
  const first = Promise.all(discoveries.map((discovery) => discovery.first));
  if (discoveries.length > 0) await settleWithin(first, healthTimeoutMs, shared.clock);
  return { predict: new PredictCatalog({ ...options, groups }, deps), discoveries };
}
