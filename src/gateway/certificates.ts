/** Has listeners read their certificates again, and reports when those that they show expire. */

import type { ListenerCertificate } from "#exchange/listener-certificate.ts";
import type { ProcessParts } from "#gateway/parts.ts";
import { causeText } from "#observability/cause-text.ts";

/** A listener that may show a certificate. */
interface CertifiedListener {
  readonly name: string;
  readonly certificate?: ListenerCertificate;
}

/** Reports what each listener shows since the start. */
export function tellCertificates(
  listeners: readonly CertifiedListener[],
  { metrics }: Pick<ProcessParts, "metrics">,
): void {
  for (const { name: listener, certificate } of listeners) {
    if (certificate === undefined) continue;
    metrics.certificateNotAfter.set({ listener }, Math.round(certificate.notAfterMs / 1000));
  }
}

/** Shows what has changed; a listener whose files cannot be used goes on with what it has. */
export function renewCertificates(
  listeners: readonly CertifiedListener[],
  { metrics, logger }: Pick<ProcessParts, "metrics" | "logger">,
): void {
  for (const { name: listener, certificate } of listeners) {
    if (certificate === undefined) continue;
    try {
      if (!certificate.renew()) continue;
      metrics.certificateReloads.inc({ listener, result: "ok" });
      const not_after = new Date(certificate.notAfterMs).toISOString();
      logger.info({ listener, not_after }, "certificate renewed");
    } catch (thrown) {
      metrics.certificateReloads.inc({ listener, result: "invalid" });
      const error = causeText(thrown);
      logger.error({ listener, error }, "certificate refused: the one before stays");
    }
  }
  tellCertificates(listeners, { metrics });
}
