/** The configuration of this process as administrators see it: what is in force, and having it read again. */

import { effectiveValues } from "#config/effective.ts";
import { jsonSchema } from "#config/json-schema.ts";
import type { Settings } from "#config/settings.ts";
import { fixedChanges } from "#gateway/fixed-settings.ts";
import type { ProcessParts } from "#gateway/parts.ts";
import { type ReloadDeps, Reloads } from "#reload/reloads.ts";
import type { ConfigurationAdmin } from "#services/config.ts";

/** Over the owner of reloads. */
export function configurationAdmin(reloads: () => Reloads): ConfigurationAdmin {
  // It takes tens of milliseconds to make, and nobody may ever ask.
  let schema: ReturnType<typeof jsonSchema> | undefined;
  return {
    async values() {
      schema ??= jsonSchema();
      const { draft, settings } = reloads().inForce;
      return effectiveValues({ draft, schema }, settings.providers);
    },
    status() {
      const { inForce, last } = reloads();
      const { hash, file, generation, wallMs, settings } = inForce;
      return { hash, file, generation, wallMs, watchesFiles: settings.watchesFiles, last };
    },
    check: () => reloads().check(),
    reload: () => reloads().reload("call"),
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
