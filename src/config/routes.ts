/** The section `routes`: public model names as trees of targets, fallbacks and splits. */

import { z } from "zod";
import {
  type DrainSettings,
  type FallbackStepSettings,
  modelTypes,
  type RouteSettings,
  type RouteTargetSettings,
} from "#catalog/route-settings.ts";
import { routeStrategies } from "#routing/strategy-route.ts";
import { fallbackClasses } from "#routing/tree.ts";
import type { Path } from "#yaml/problem.ts";
import { duration, numberBetween, share, text, wholeNumber } from "#yaml/scalar.ts";
import type { Report } from "./report.ts";

const weightMax = 1_000;
const drainTimeMs = 60_000;
const drainCalls = 32;
const targetsMax = 64;

const target = z.strictObject({
  provider: text().describe("Name of a provider."),
  model: text().optional().describe("Its model; the provider's default when absent."),
  weight: wholeNumber(1, weightMax)
    .prefault(1)
    .describe("Share of calls under weighted strategies."),
});

/** A step of a fallback or a split: another route by name, or a target. */
const step = z.union([text(), target]);

const affinitySourcesMax = 8;
const affinitySource = () =>
  text(
    "session_id, prompt_cache_key, principal or the name of a header, in small letters",
    /^(session_id|prompt_cache_key|principal|[a-z0-9]+(-[a-z0-9]+)+)$/,
  );

const classes = () => z.array(z.enum(fallbackClasses)).min(1).optional();

/** A step of a fallback may say after which failures it is asked. */
const fallbackStep = z.union([
  text(),
  target.extend({ on: classes() }),
  z.strictObject({ to: text(), on: classes() }),
]);

const targets = () => z.array(target).min(1).max(targetsMax).optional();

const route = z
  .strictObject({
    scored: targets().describe("Chooses by cost, latency, reliability, load and priority."),
    p2c_ewma: targets().describe("Chooses the faster and less busy of two at random."),
    weighted: targets().describe("Chooses by weight, smoothly."),
    round_robin: targets().describe("Chooses one after the other."),
    least_connections: targets().describe("Chooses the least busy."),
    fallback: z
      .array(fallbackStep)
      .min(1)
      .max(targetsMax)
      .optional()
      .describe(
        "Goes on to the next when one fails; a step with `on` (`{ to: ROUTE, on: [...] }`) is asked after those failures only.",
      ),
    on: classes().describe(
      "Failures after which `fallback` goes on; all but `content_policy` when absent.",
    ),
    split: z
      .array(
        z.strictObject({
          weight: wholeNumber(1, weightMax).describe("Its share."),
          to: step.describe("Where its calls go."),
        }),
      )
      .min(1)
      .max(targetsMax)
      .optional()
      .describe("Gives each call to one of them, by weight."),
    max_latency: duration("1h").optional().describe("Slower endpoints are not asked."),
    max_cost: numberBetween(0, 1_000_000)
      .optional()
      .describe("Greatest expected price of a call in US dollars."),
    hedge: duration("10m")
      .optional()
      .describe(
        "Time without a response after which a second endpoint is asked as well; the first response wins.",
      ),
    mirror: z
      .strictObject({
        to: step.describe(
          "Route or target of the copies. A copy is tried once, and a mirror of its target is not followed.",
        ),
        share: share().describe("Share of its chats that is copied."),
      })
      .optional()
      .describe(
        "Sends copies of a share of its chats to another target, whose responses are dropped; calls do not wait for them.",
      ),
    on_client_disconnect: z
      .enum(["cancel", "drain"])
      .optional()
      .describe(
        "What happens to a call when its client leaves: `cancel` stops it at once; `drain` lets the endpoint at work finish, so that tokens, price, history and cache are known. That of the route that a call names counts. `cancel` when absent.",
      ),
    drain_time: duration("1h")
      .optional()
      .describe("How long `drain` lets a call go on after its client has left; 60s when absent."),
    drain_calls: wholeNumber(1, 10_000)
      .optional()
      .describe(
        "Calls of the route that `drain` lets go on at one time, further ones are cancelled; 32 when absent.",
      ),
    types: z
      .array(z.enum(modelTypes))
      .min(1)
      .optional()
      .describe("What its models are for: `SelectProvider` asks it for such a model type."),
    affinity: z
      .union([z.boolean(), z.array(affinitySource()).min(1).max(affinitySourcesMax)])
      .prefault(true)
      .describe(
        "Calls of one session stay on one endpoint. A list says what identifies a session, the first that a call has: `session_id`, `prompt_cache_key`, `principal`, or a header.",
      ),
  })
  .describe("Exactly one of a strategy, `fallback` and `split`.");

/** The section of the file. */
export const routesSchema = z
  .record(
    text("a name of letters, digits, `-`, `_`, `.`, `/` and `:`", /^[\w./:-]{1,128}$/),
    z.union([text(), route]),
  )
  .prefault({})
  .describe("Public model names; text is an alias of another route or of `provider/model`.");

type FileRoute = z.output<typeof route>;
type FileStep = z.output<typeof step>;
type FileFallbackStep = z.output<typeof fallbackStep>;

/** What routes are checked against. */
interface RouteContext {
  readonly providers: ReadonlySet<string>;
  readonly names: ReadonlySet<string>;
  readonly report: Report;
}

function targetFrom(
  { provider, model, weight }: z.output<typeof target>,
  path: Path,
  { providers, report }: RouteContext,
): RouteTargetSettings {
  if (!providers.has(provider)) {
    report([...path, "provider"], `there is no provider "${provider}"`, hintOf(providers));
  }
  return { provider, weight, ...(model === undefined ? {} : { model }) };
}

function hintOf(names: ReadonlySet<string>): string {
  return names.size === 0 ? "no provider is configured" : `there are ${[...names].join(", ")}`;
}

/** `provider/model`, or the name of another route. */
function stepFrom(written: FileStep, path: Path, context: RouteContext): RouteSettings {
  if (typeof written !== "string") {
    return {
      kind: "strategy",
      strategy: "p2c_ewma",
      targets: [targetFrom(written, path, context)],
      hasAffinity: true,
    };
  }
  if (context.names.has(written)) return { kind: "reference", to: written };
  const slash = written.indexOf("/");
  const provider = slash < 0 ? written : written.slice(0, slash);
  if (!context.providers.has(provider)) {
    context.report(
      path,
      `"${written}" is neither a route nor a provider`,
      hintOf(context.providers),
    );
  }
  const model = slash < 0 ? {} : { model: written.slice(slash + 1) };
  const targets = [{ provider, weight: 1, ...model }];
  return { kind: "strategy", strategy: "p2c_ewma", targets, hasAffinity: true };
}

function fallbackStepFrom(
  written: FileFallbackStep,
  path: Path,
  context: RouteContext,
): FallbackStepSettings {
  if (typeof written === "string") return { child: stepFrom(written, path, context) };
  const { on, ...step } = written;
  const child =
    "to" in step ? stepFrom(step.to, [...path, "to"], context) : stepFrom(step, path, context);
  return on === undefined ? { child } : { child, on };
}

/** What every route may have. */
function termsFrom(written: FileRoute, path: Path, context: RouteContext) {
  const { hedge, types, mirror } = written;
  const drain = drainFrom(written, path, context);
  const copies = mirror && {
    child: stepFrom(mirror.to, [...path, "mirror", "to"], context),
    share: mirror.share,
  };
  return {
    ...(copies === undefined ? {} : { mirror: copies }),
    ...(drain === undefined ? {} : { drain }),
    ...(hedge === undefined ? {} : { hedgeMs: hedge }),
    ...(types === undefined ? {} : { types }),
  };
}

/** What goes on when a client has left; undefined where nothing does. */
function drainFrom(
  { on_client_disconnect, drain_time, drain_calls }: FileRoute,
  path: Path,
  { report }: RouteContext,
): DrainSettings | undefined {
  if (on_client_disconnect === "drain") {
    return { timeMs: drain_time ?? drainTimeMs, callsMax: drain_calls ?? drainCalls };
  }
  for (const [key, value] of Object.entries({ drain_time, drain_calls })) {
    if (value !== undefined) report([...path, key], "belongs to `on_client_disconnect: drain`");
  }
  return undefined;
}

function routeFrom(written: FileRoute | string, path: Path, context: RouteContext): RouteSettings {
  if (typeof written === "string") return stepFrom(written, path, context);
  const strategies = routeStrategies.filter((strategy) => written[strategy] !== undefined);
  const forms = [
    ...strategies,
    ...(written.fallback ? ["fallback"] : []),
    ...(written.split ? ["split"] : []),
  ];
  if (forms.length !== 1) {
    context.report(
      path,
      `takes exactly one of ${[...routeStrategies, "fallback", "split"].join(", ")}`,
    );
  }
  if (written.on !== undefined && written.fallback === undefined) {
    context.report([...path, "on"], "belongs to `fallback`");
  }
  const common = termsFrom(written, path, context);
  if (written.fallback !== undefined) {
    const steps = written.fallback.map((one, index) =>
      fallbackStepFrom(one, [...path, "fallback", index], context),
    );
    const on = written.on === undefined ? {} : { on: written.on };
    return { kind: "fallback", steps, ...on, ...common };
  }
  if (written.split !== undefined) {
    const shares = written.split.map(({ weight, to }, index) => ({
      weight,
      child: stepFrom(to, [...path, "split", index, "to"], context),
    }));
    return { kind: "split", shares, ...common };
  }
  const strategy = strategies[0] ?? "scored";
  return {
    kind: "strategy",
    strategy,
    targets: (written[strategy] ?? []).map((one, index) =>
      targetFrom(one, [...path, strategy, index], context),
    ),
    hasAffinity: written.affinity !== false,
    ...(Array.isArray(written.affinity) ? { affinity: written.affinity } : {}),
    ...common,
    ...(written.max_latency === undefined ? {} : { latencyMsMax: written.max_latency }),
    ...(written.max_cost === undefined ? {} : { costMax: written.max_cost }),
  };
}

/** Names that a route refers to. */
function referencesOf(settings: RouteSettings): string[] {
  const mirror = settings.kind === "reference" ? undefined : settings.mirror?.child;
  const children = mirror === undefined ? childrenOf(settings) : [mirror, ...childrenOf(settings)];
  const own = settings.kind === "reference" ? [settings.to] : [];
  return [...own, ...children.flatMap(referencesOf)];
}

/** The routes that a route refers to, without its mirror. */
function childrenOf(settings: RouteSettings): readonly RouteSettings[] {
  switch (settings.kind) {
    case "fallback":
      return settings.steps.map(({ child }) => child);
    case "split":
      return settings.shares.map(({ child }) => child);
    case "reference":
    case "strategy":
      return [];
  }
}

/** Whether a route leads back to itself. */
function isCircular(name: string, routes: Readonly<Record<string, RouteSettings>>): boolean {
  const seen = new Set<string>();
  const reaches = (from: string): boolean => {
    const settings = routes[from];
    if (settings === undefined || seen.has(from)) return false;
    seen.add(from);
    return referencesOf(settings).some((to) => to === name || reaches(to));
  };
  return reaches(name);
}

/** Compiles the section; every name must lead to providers that exist. */
export function routesFrom(
  written: z.output<typeof routesSchema>,
  providers: ReadonlySet<string>,
  report: Report,
): Readonly<Record<string, RouteSettings>> {
  const names = new Set(Object.keys(written));
  const context = { providers, names, report };
  const routes = Object.fromEntries(
    Object.entries(written).map(([name, one]) => [name, routeFrom(one, ["routes", name], context)]),
  );
  for (const name of names) {
    if (isCircular(name, routes)) report(["routes", name], "leads back to itself");
  }
  return routes;
}
