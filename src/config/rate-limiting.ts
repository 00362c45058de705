/** The section `rate_limiting`: token buckets for each client. */

import { z } from "zod";
import { allowanceTerms } from "#interceptors/allowance-terms.ts";
import { type ListenerTerms, ownLimitsOnly } from "#limits/limit-options.ts";
import type { Terms } from "#limits/owner.ts";
import type { Path } from "#yaml/problem.ts";
import { duration, flag, positiveNumber, text, wholeNumber } from "#yaml/scalar.ts";
import { boolean, type EnvironmentRow } from "./environment-row.ts";
import type { Report } from "./report.ts";
import type { RateLimitSettings } from "./settings.ts";

const requestsMax = 1_000_000_000;
const tokensMax = 1_000_000_000_000;
const usdMax = 1_000_000_000;

/** What a client, a model or a provider may use, besides requests. */
const usage = {
  tokens_per_minute: positiveNumber(tokensMax)
    .optional()
    .describe(
      "Tokens of language models, of prompts and responses together; a minute's may be used at once.",
    ),
  concurrent_max: wholeNumber(1, requestsMax).optional().describe("Calls in progress at one time."),
  budget: z
    .strictObject({
      usd: positiveNumber(usdMax).describe(
        "US dollars that calls may cost in a `period`, by the prices of `providers`.",
      ),
      period: z
        .enum(["day", "week", "month", "30d"])
        .prefault("month")
        .describe(
          "Calendar periods begin at midnight, UTC, weeks on Monday; under `30d` money comes back evenly over thirty days.",
        ),
      on_exceeded: z
        .enum(["block", "warn"])
        .prefault("block")
        .describe(
          "At the end of the money: refuse calls, or let them pass with a header, a log line and a metric.",
        ),
    })
    .optional()
    .describe("Money; counted in this process, from its start on, where buckets are not shared."),
};

/** Requests, where nothing says how many by default. */
const rate = {
  requests_per_minute: positiveNumber(requestsMax).optional().describe("Steady rate of requests."),
  burst: wholeNumber(1, requestsMax)
    .optional()
    .describe("Requests at once; a tenth of a minute's, but at least one, when absent."),
};

const addressLimits = () =>
  z.strictObject({ ...rate, concurrent_max: usage.concurrent_max }).optional();

/** Limits of a listener. */
export const listenerLimits = z.strictObject({
  ...rate,
  ...usage,
  clients: z
    .strictObject({ ...rate, ...usage })
    .optional()
    .describe(
      "Limits of each client here, in place of all that `rate_limiting` says of clients; what a key has as limits of its own holds here, too.",
    ),
  addresses: addressLimits().describe("In place of `rate_limiting.addresses` here."),
});

const by = () =>
  z.enum(["client", "all"]).describe("Each client has its own limit, or all clients share one.");

/** The section of the file. */
export const rateLimiting = z.strictObject({
  enabled: flag()
    .prefault(true)
    .describe(
      "Limit calls; off when the section is absent. What keys have as limits of their own holds in any case.",
    ),
  requests_per_minute: positiveNumber(requestsMax)
    .optional()
    .describe("Steady rate of one client; 60 when no rate is named."),
  requests: wholeNumber(1, requestsMax)
    .optional()
    .describe("Instead of `requests_per_minute`: requests in each `window`."),
  window: duration("24h")
    .optional()
    .describe("Time in which `requests` are counted; 60s when absent."),
  burst: wholeNumber(1, requestsMax)
    .optional()
    .describe("Requests that one client may send at once; `requests` when that is named, else 10."),
  ...usage,
  output_tokens: wholeNumber(0, 10_000_000)
    .prefault(512)
    .describe(
      "Tokens that are reserved for a response whose request names no bound; what was not used comes back at its end.",
    ),
  cleanup_interval: duration("24h")
    .optional()
    .describe("Accepted and not used: memory is bounded by `clients_max`."),
  clients_max: wholeNumber(1, 10_000_000)
    .prefault(100_000)
    .describe("Most clients remembered; the least recently seen one is dropped first."),
  addresses: addressLimits().describe(
    "Limits of each address (IPv6: each /64), whatever keys its calls come with, besides those of its clients.",
  ),
  routes: z
    .array(
      z.strictObject({
        match: text("a path that begins with `/`", /^\/\S*$/).describe(
          "Procedure or path prefix, such as `/predict/`; the first route that fits holds.",
        ),
        by: by().prefault("client"),
        requests_per_minute: positiveNumber(requestsMax).describe("Steady rate on these routes."),
        burst: wholeNumber(1, requestsMax)
          .optional()
          .describe("Requests at once; the section's burst when absent."),
        ...usage,
      }),
    )
    .prefault([])
    .describe("Limits of some routes, besides those of their clients."),
  models: z
    .array(
      z.strictObject({
        match: text("a model's name", /^\S{1,256}$/).describe(
          "Model as its provider names it, or `provider/model`; `*` stands for any text. The first entry that fits holds, for each model by itself.",
        ),
        by: by().prefault("all"),
        ...rate,
        ...usage,
      }),
    )
    .prefault([])
    .describe(
      "Limits of language models. Where one is used up, a route goes on to its next target.",
    ),
  providers: z
    .array(
      z.strictObject({
        provider: text("a provider's name", /^\S{1,128}$/).describe("Name of a provider."),
        ...rate,
        ...usage,
      }),
    )
    .prefault([])
    .describe("Limits of providers. Where one is used up, a route goes on to its next target."),
});

type FileRateLimiting = z.output<typeof rateLimiting> | undefined;

/** Environment names of the section. */
export const rateLimitingRows: readonly EnvironmentRow[] = [
  { name: "RATE_LIMIT_ENABLED", path: ["rate_limiting", "enabled"], value: boolean },
  { name: "RATE_LIMIT_REQUESTS", path: ["rate_limiting", "requests"] },
  { name: "RATE_LIMIT_WINDOW", path: ["rate_limiting", "window"] },
];

type FileTerms = Partial<
  Pick<
    NonNullable<FileRateLimiting>,
    "requests_per_minute" | "burst" | "tokens_per_minute" | "concurrent_max" | "budget"
  >
>;

/** Terms as the file names them, in the form in which keys have theirs. */
function termsFrom(terms: FileTerms): Terms {
  const { requests_per_minute, burst, tokens_per_minute, concurrent_max, budget } = terms;
  return allowanceTerms({
    ...(requests_per_minute === undefined ? {} : { requestsPerMinute: requests_per_minute }),
    ...(burst === undefined ? {} : { burst }),
    ...(tokens_per_minute === undefined ? {} : { tokensPerMinute: tokens_per_minute }),
    ...(concurrent_max === undefined ? {} : { concurrentMax: concurrent_max }),
    ...(budget === undefined
      ? {}
      : { budget: { usd: budget.usd, period: budget.period, onExceeded: budget.on_exceeded } }),
  });
}

/** Reports what would be no limit, or stands there twice. */
function checkTerms(
  entries: readonly FileTerms[],
  { path, names }: { readonly path: readonly string[]; readonly names: readonly string[] },
  report: Report,
): void {
  for (const [index, entry] of entries.entries()) {
    const at = [...path, index];
    if (entry.burst !== undefined && entry.requests_per_minute === undefined) {
      report([...at, "burst"], "needs `requests_per_minute`, the rate that it belongs to");
    } else if (Object.keys(termsFrom(entry)).length === 0) {
      report(
        at,
        "names no limit",
        "name requests_per_minute, tokens_per_minute, concurrent_max or budget",
      );
    }
    const name = names[index];
    if (name !== undefined && names.indexOf(name) < index) report(at, `names "${name}" again`);
  }
}

/** Reports a burst that belongs to no rate. */
function checkBurst(entry: FileTerms | undefined, path: Path, report: Report): void {
  if (entry?.burst === undefined || entry.requests_per_minute !== undefined) return;
  report([...path, "burst"], "needs `requests_per_minute`, the rate that it belongs to");
}

/** Reports what is wrong with the limits of addresses, models and providers. */
function checkTargets(
  { addresses = {}, models, providers }: NonNullable<FileRateLimiting>,
  known: readonly string[],
  report: Report,
): void {
  checkBurst(addresses, ["rate_limiting", "addresses"], report);
  const matches = models.map(({ match }) => match);
  checkTerms(models, { path: ["rate_limiting", "models"], names: matches }, report);
  const names = providers.map(({ provider }) => provider);
  checkTerms(providers, { path: ["rate_limiting", "providers"], names }, report);
  for (const [index, name] of names.entries()) {
    if (known.includes(name)) continue;
    const hint = known.length === 0 ? "there is none" : `there are ${known.join(", ")}`;
    report(["rate_limiting", "providers", index, "provider"], "is no provider", hint);
  }
}

/** `known` are the names of providers. Absent while it is off, or the section is absent. */
export function rateLimitFrom(
  limits: FileRateLimiting,
  known: readonly string[],
  report: Report,
): RateLimitSettings | undefined {
  if (limits === undefined) return undefined;
  checkTargets(limits, known, report);
  const { requests_per_minute: perMinute, requests, window } = limits;
  const { addresses = {}, routes, models, providers } = limits;
  if (requests !== undefined && perMinute !== undefined) {
    report(
      ["rate_limiting", "requests"],
      "cannot be combined with requests_per_minute",
      "keep one of them",
    );
  }
  if (requests === undefined && window !== undefined) {
    report(["rate_limiting", "window"], "needs `requests`, the number that it counts");
  }
  if (!limits.enabled) return undefined;
  const capacity = limits.burst ?? requests ?? 10;
  const perSecond =
    requests === undefined ? (perMinute ?? 60) / 60 : (requests * 1_000) / (window ?? 60_000);
  const { requests_per_minute: _, burst: __, ...others } = limits;
  return {
    client: { ...termsFrom(others), requests: { capacity, perSecond } },
    address: termsFrom(addresses),
    routes: routes.map(({ match, by: sharedBy, burst = capacity, ...terms }) => ({
      match,
      by: sharedBy,
      terms: termsFrom({ ...terms, burst }),
    })),
    models: models.map(({ match, by: sharedBy, ...terms }) => ({
      match,
      by: sharedBy,
      terms: termsFrom(terms),
    })),
    providers: new Map(providers.map(({ provider, ...terms }) => [provider, termsFrom(terms)])),
    outputTokens: limits.output_tokens,
    clientsMax: limits.clients_max,
  };
}

/** A listener as far as limits go. */
interface FileListener {
  readonly name: string;
  readonly rate_limiting?: z.output<typeof listenerLimits> | undefined;
}

/** The limits of a gateway with those of its listeners; absent where nothing is limited, or all of it is off. */
export function withListenerLimits(
  limits: RateLimitSettings | undefined,
  {
    rate_limiting: general,
    listeners = [],
  }: {
    readonly rate_limiting?: FileRateLimiting;
    readonly listeners?: readonly FileListener[] | undefined;
  },
  report: Report,
): RateLimitSettings | undefined {
  const own = listeners.flatMap(({ name, rate_limiting: written }, index) => {
    if (written === undefined) return [];
    const { clients, addresses } = written;
    const path = ["listeners", index, "rate_limiting"];
    checkBurst(written, path, report);
    checkBurst(clients, [...path, "clients"], report);
    checkBurst(addresses, [...path, "addresses"], report);
    const terms: ListenerTerms = {
      own: termsFrom(written),
      ...(clients !== undefined && { client: termsFrom(clients) }),
      ...(addresses !== undefined && { address: termsFrom(addresses) }),
    };
    return [[name, terms] as const];
  });
  if (own.length === 0 || general?.enabled === false) return limits;
  return { ...(limits ?? ownLimitsOnly), listeners: new Map(own) };
}
