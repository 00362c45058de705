/** The section `alerts`: what the gateway reports to webhooks by itself. */

import { hostname } from "node:os";
import { z } from "zod";
import type { AlertSettings } from "#alerts/alert-settings.ts";
import {
  duration,
  durationOrNone,
  flag,
  share,
  text,
  textThat,
  wholeNumber,
} from "#yaml/scalar.ts";
import type { Report } from "./report.ts";
import { withoutUndefined } from "./without-undefined.ts";

const webhooksMax = 16;

/** Services put credentials into path and query, but a user or a fragment is a mistake. */
function isWebhookUrl(written: string): boolean {
  if (!URL.canParse(written)) return false;
  const { protocol, username, password, hash } = new URL(written);
  return /^https?:$/.test(protocol) && username === "" && password === "" && hash === "";
}

const webhook = z.strictObject({
  name: text("a name of letters, digits, `-`, `_` and `.`", /^[\w.-]{1,64}$/).describe(
    "Name in logs and metrics; unique.",
  ),
  url: textThat(
    "an address such as https://hooks.example.com/polygate, without user",
    isWebhookUrl,
  ).describe("Where notices are posted; redirects are not followed. Never logged."),
  format: z
    .enum(["slack", "alertmanager"])
    .default("slack")
    .describe(
      "`slack`: a message with `text`, which Slack, Mattermost and Rocket.Chat take; `alertmanager`: the JSON of Alertmanager's webhooks.",
    ),
  secret: text("a secret of at least 16 visible ASCII characters", /^[\x21-\x7e]{16,}$/)
    .optional()
    .describe("Signs notices: HMAC-SHA256 in `x-polygate-signature`."),
  resolved: flag().prefault(true).describe("Notify it also when an alert is over."),
});

const enabled = () => flag().prefault(true).describe("Whether this is watched.");
const forTime = (usual: string) =>
  durationOrNone("24h")
    .prefault(usual)
    .describe("How long it must be so before anybody is notified.");

/** The section of the file. */
export const alerts = z.strictObject({
  webhooks: z.array(webhook).min(1).max(webhooksMax).describe("Who is notified."),
  source: text("a name of at most 128 characters", /^[^\p{Cc}]{1,128}$/u)
    .optional()
    .describe("What this gateway is called in notices; the name of its host when absent."),
  interval: duration("10m").prefault("10s").describe("Time between two checks."),
  window: duration("1h")
    .prefault("5m")
    .describe("Period whose errors and times of calls count, up to now."),
  min_calls: wholeNumber(1, 1_000_000)
    .prefault(20)
    .describe("With fewer calls in the window there are no alerts of errors and times."),
  repeat: duration("30d").prefault("4h").describe("When an alert that goes on is sent again."),
  error_rate: z
    .strictObject({
      enabled: enabled(),
      above: share().prefault("5%").describe("Share of calls, and of each provider's tries."),
      for: forTime("1m"),
    })
    .prefault({})
    .describe("Calls that fail through no fault of their callers."),
  latency: z
    .strictObject({
      enabled: enabled(),
      above: duration("1h")
        .prefault("10s")
        .describe(
          "Time within which 95 of 100 calls get their response; streams until they begin.",
        ),
      for: forTime("1m"),
    })
    .prefault({})
    .describe("How long calls of a provider that succeed take."),
  down: z
    .strictObject({ enabled: enabled(), for: forTime("1m") })
    .prefault({})
    .describe("Cores that fail their probes, and providers all of whose endpoints do."),
  budget: z
    .strictObject({
      enabled: enabled(),
      above: share().prefault("80%").describe("Share of it that is spent."),
      for: forTime("0s"),
    })
    .prefault({})
    .describe("Budgets of keys, groups, routes, models and providers that calls met lately."),
});

/** A condition, unless it is off. */
function watched<
  T extends { readonly above: number; readonly for: number; readonly enabled: boolean },
>({ enabled: isOn, above, for: forMs }: T) {
  return isOn ? { above, forMs } : undefined;
}

/** Nothing where nobody is to be notified. */
export function alertsFrom(
  written: z.output<typeof alerts> | undefined,
  report: Report,
): { readonly alerts?: AlertSettings } {
  if (written === undefined) return {};
  const { webhooks, error_rate, latency, down, budget } = written;
  const names = webhooks.map(({ name }) => name);
  for (const [index, name] of names.entries()) {
    if (names.indexOf(name) < index) {
      report(["alerts", "webhooks", index, "name"], "is the name of an earlier webhook, too");
    }
  }
  const conditions = {
    errorRate: watched(error_rate),
    latency: watched(latency),
    down: down.enabled ? { forMs: down.for } : undefined,
    budget: watched(budget),
  };
  return {
    alerts: {
      webhooks: webhooks.map(({ name, url, format, secret, resolved }) => ({
        ...{ name, url, format, tellsResolved: resolved },
        ...withoutUndefined({ secret }),
      })),
      source: written.source ?? hostname(),
      intervalMs: written.interval,
      windowMs: written.window,
      callsMin: written.min_calls,
      repeatMs: written.repeat,
      ...withoutUndefined(conditions),
    },
  };
}
