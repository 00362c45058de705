/** Notices as the bodies of webhooks: Slack's message, Alertmanager's JSON; and their signature. Pure. */

import { createHmac } from "node:crypto";
import { sha256Hex } from "#core/sha256-hex.ts";
import type { WebhookSettings } from "./alert-settings.ts";
import type { Notice } from "./alert-states.ts";

/** Notices of one message; further ones are counted in it. */
export const noticesMax = 50;

/** Alertmanager's word for a time that has not come. */
const notEnded = "0001-01-01T00:00:00Z";

function timeOf(ms: number | undefined): string {
  return ms === undefined ? notEnded : new Date(ms).toISOString();
}

/** One line in which Slack finds no link, mention or entity. */
function slackText(text: string): string {
  return text
    .replaceAll(/\s+/g, " ")
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;");
}

function slackBody(notices: readonly Notice[], truncated: number, source: string): unknown {
  const lines = notices.map(({ status, alert, summary }) => {
    const sign = status === "firing" ? ":red_circle:" : ":large_green_circle:";
    return `${sign} *${status.toUpperCase()}* ${alert}: ${slackText(summary)}`;
  });
  if (truncated > 0) lines.push(`and ${truncated} more`);
  return { text: `${slackText(source)}\n${lines.join("\n")}` };
}

function alertmanagerBody(
  notices: readonly Notice[],
  truncated: number,
  { source, receiver }: { readonly source: string; readonly receiver: string },
): unknown {
  const alerts = notices.map(({ status, alert, labels, key, summary, startsMs, endsMs }) => ({
    status,
    labels: { alertname: alert, job: "polygate", instance: source, ...labels },
    annotations: { summary },
    startsAt: timeOf(startsMs),
    endsAt: timeOf(endsMs),
    generatorURL: "",
    fingerprint: sha256Hex(`${source}\n${key}`).slice(0, 16),
  }));
  const isFiring = notices.some(({ status }) => status === "firing");
  const common = { job: "polygate", instance: source };
  return {
    version: "4",
    groupKey: `{}:{instance=${JSON.stringify(source)}}`,
    truncatedAlerts: truncated,
    status: isFiring ? "firing" : "resolved",
    receiver,
    groupLabels: common,
    commonLabels: common,
    commonAnnotations: {},
    externalURL: "",
    alerts,
  };
}

/** The body of a message about these notices, from the gateway of this name. */
export function bodyOf(
  notices: readonly Notice[],
  { format, name }: Pick<WebhookSettings, "format" | "name">,
  source: string,
): string {
  const shown = notices.slice(0, noticesMax);
  const truncated = notices.length - shown.length;
  const body =
    format === "slack"
      ? slackBody(shown, truncated, source)
      : alertmanagerBody(shown, truncated, { source, receiver: name });
  return JSON.stringify(body);
}

/**
 * The value of `x-polygate-signature`: the time in seconds, and the HMAC-SHA256 of time, a dot and the
 * body, in hex. Whoever checks it refuses what is older than some minutes, and so what is sent again.
 */
export function signatureOf(body: string, secret: string, wallMs: number): string {
  const t = Math.floor(wallMs / 1_000);
  const v1 = createHmac("sha256", secret).update(`${t}.${body}`).digest("hex");
  return `t=${t},v1=${v1}`;
}
