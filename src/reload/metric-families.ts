/** The metrics of the configuration that is in force, and of the certificates that listeners show. */

import type { Makers } from "#observability/metric-makers.ts";

/** Registers the metrics of this room. */
export function reloadFamilies({ counter, gauge }: Makers) {
  return {
    configReloads: counter(
      "config_reload_total",
      "Times that the configuration was read again: taken (ok), the same as before (unchanged), refused for its problems (invalid) or for settings that need a restart (restart_needed), or not to be built (failed).",
      ["result"],
    ),
    configReloadIsGood: gauge(
      "config_last_reload_successful",
      "1 when what was read last is in force, 0 when the last good one had to stay.",
      [],
      "max",
    ),
    configTakenTime: gauge(
      "config_last_reload_success_timestamp_seconds",
      "When the configuration that is in force was read.",
      [],
      "max",
    ),
    configHash: gauge(
      "config_hash",
      "The first 48 bits of a hash of the configuration that is in force, secrets left out: equal where gateways have the same settings.",
      [],
      "max",
    ),
    certificateNotAfter: gauge(
      "tls_certificate_not_after_seconds",
      "When the certificate that a listener shows ends, in seconds since the Unix epoch.",
      ["listener"],
      "min",
    ),
    certificateReloads: counter(
      "tls_certificate_reload_total",
      "Times that files of a listener's certificate had changed: shown from then on (ok), or not to be used, so that the one before stays (invalid).",
      ["listener", "result"],
    ),
  };
}

/** The registered metrics. */
export type ReloadMetrics = ReturnType<typeof reloadFamilies>;
