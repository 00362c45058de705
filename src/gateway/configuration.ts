/** The configuration of this process as administrators see it: what is in force, and having it read again. */

import { effectiveValues } from "#config/effective.ts";
import { jsonSchema } from "#config/json-schema.ts";
import type { Settings } from "#config/settings.ts";
import { fault } from "#errors/fault.ts";
import { fixedChanges } from "#gateway/fixed-settings.ts";
import type { ProcessParts } from "#gateway/parts.ts";
import { type ReloadDeps, Reloads } from "#reload/reloads.ts";
import type { ConfigurationAdmin } from "#services/config.ts";

/** Replaces the threads that serve calls; returns how many there are, and whether a replacement was in progress. */
export type RestartWorkers = () => { readonly workers: number; readonly wasRunning: boolean };

function restartNothing(): never {
  throw fault("UNIMPLEMENTED", "`workers` is 1: there are no threads that could be replaced");
}

/** Over the owner of reloads. */
export function configurationAdmin(
  reloads: () => Reloads,
  restart: RestartWorkers = restartNothing,
): ConfigurationAdmin {
  // It takes tens of milliseconds to make, and nobody may ever ask.
  let schema: ReturnType<typeof jsonSchema> | undefined;
  return {
    async values() {
      schema ??= jsonSchema();
      const { draft, settings } = reloads().inForce;
      return effectiveValues({ draft, schema }, settings.providers);
    },
    async status() {
      const { inForce, last } = reloads();
      const { hash, file, generation, wallMs, settings } = inForce;
      return { hash, file, generation, wallMs, watchesFiles: settings.watchesFiles, last };
    },
    check: async () => reloads().check(),
    reload: async () => await reloads().reload("call"),
    restartWorkers: async () => restart(),
  };
}

/** What reloads of this process need. */
interface ReloadParts extends Pick<ReloadDeps, "source" | "prepare" | "renewCertificates"> {
  readonly inForce: () => Settings;
  readonly parts: Pick<ProcessParts, "clock" | "logger" | "metrics">;
}

/** Opens the owner of reloads, over settings that are in force. */
export function openReloads({
  source,
  prepare,
  inForce,
  renewCertificates,
  parts,
}: ReloadParts): Reloads {
  return new Reloads(inForce(), {
    ...{ source, prepare, clock: parts.clock, logger: parts.logger, metrics: parts.metrics },
    fixedChanges: (wanted) => fixedChanges(inForce(), wanted),
    renewCertificates,
  });
}
