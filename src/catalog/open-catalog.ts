/** Builds the catalog: a pool for each provider, a tree for each route. */

import type { ChatBackend, ListedModel } from "#backends/backend.ts";
import { AccessTokens } from "#backends/llm/access-tokens.ts";
import { abilitiesOf, LlmBackend } from "#backends/llm/backend.ts";
import type { ProviderSettings } from "#backends/llm/provider-settings.ts";
import type { Clock } from "#core/clock.ts";
import { getOrCreate } from "#core/get-or-create.ts";
import { Places } from "#core/places.ts";
import type { Rng } from "#core/rng.ts";
import { capabilitiesOf } from "#dialects/listed-model.ts";
import { LooseObject } from "#dialects/loose-object.ts";
import { defaultModelFacts } from "#dialects/model-facts.ts";
import type { Discovery } from "#discovery/discovery.ts";
import { type FollowDeps, follow } from "#discovery/follow.ts";
import type { PlaceQueueWatch } from "#pool/place-queue.ts";
import { Pool, type PoolChange, type PoolEjection } from "#pool/pool.ts";
import type { Drain, RouteNode } from "#routing/route.ts";
import type { ScoreWishes } from "#routing/strategies/scored.ts";
import { StrategyNode } from "#routing/strategy-route.ts";
import { FallbackNode, OuterNode, SplitNode } from "#routing/tree.ts";
import { type CatalogProvider, targetOf } from "./chat-catalog.ts";
import type { DrainSettings, RouteSettings, RouteTargetSettings } from "./route-settings.ts";

/** What holds for all providers. */
export interface OpenProvidersOptions {
  readonly healthIntervalMs: number;
  readonly healthTimeoutMs: number;
  readonly ejectionMs: number;
  readonly connectionAgeMaxMs?: number | undefined;
}

/** What providers need of their surroundings. */
export interface OpenProvidersDeps extends FollowDeps {
  readonly clock: Clock;
  readonly rng: Rng;
  /** Notified of each change of an endpoint's health. */
  onChange(change: PoolChange): void;
  /** Notified of each ejection of an endpoint. */
  onEjection(ejection: PoolEjection): void;
  /** Who watches the calls that wait for a provider. */
  queueWatchOf(provider: string): PlaceQueueWatch;
  /** A key was refused; `tail` is what may be shown of it. */
  onKeyRefused(event: {
    readonly provider: string;
    readonly tail: string;
    readonly reason: string;
  }): void;
}

/** Connections to one endpoint at one time. */
const connectionsMax = 512;
/** Largest response that is not a stream. */
const responseBytesMax = 64 * 1024 * 1024;

/** A provider whose pool is its owner's, as is what fills that; the discovery is disposed first. */
export interface OpenedProvider {
  readonly provider: CatalogProvider;
  readonly discovery?: Discovery;
}

/** Opens a provider: nothing is sent but probes, which are free, and questions to name servers. */
export function openProvider(
  settings: ProviderSettings,
  options: OpenProvidersOptions,
  deps: OpenProvidersDeps,
): OpenedProvider {
  const { name, endpoints, discovery, defaultModel, prices, publishedPrices, vertex } = settings;
  const { priority, concurrentMax, queue } = settings;
  const tokens =
    vertex === undefined ? {} : { tokens: new AccessTokens(vertex.account, deps.clock) };
  const open = (at: { readonly baseUrl: string; readonly address?: string }) =>
    new LlmBackend(
      {
        ...{ ...settings, ...at, connectionsMax, responseBytesMax },
        connectionAgeMaxMs: options.connectionAgeMaxMs,
        factsOf: () => defaultModelFacts,
      },
      {
        clock: deps.clock,
        ...tokens,
        onKeyRefused: (event) => deps.onKeyRefused({ provider: name, ...event }),
      },
    );
  const members = endpoints.map(({ id, weight, baseUrl }) => ({
    id,
    weight,
    backend: open({ baseUrl }),
  }));
  const pool = new Pool<ChatBackend>(
    { name, members, priority, concurrentMax, queue, ...options },
    { ...deps, queueWatch: deps.queueWatchOf(name) },
  );
  const listed = (): readonly ListedModel[] =>
    pool.backends().flatMap((backend) => (backend instanceof LlmBackend ? backend.listed : []));
  const abilities = abilitiesOf(settings.dialect, vertex);
  const aliases = settings.aliases === undefined ? {} : { aliases: settings.aliases };
  const { genAiName } = settings;
  const priced = { prices, ...(publishedPrices === undefined ? {} : { publishedPrices }) };
  const common = { name, genAiName, ...aliases, pool, abilities, ...priced, listed };
  const provider = defaultModel === undefined ? common : { ...common, defaultModel };
  if (discovery === undefined) return { provider };
  const found = { pool, discovery, prefix: name, weight: 1 };
  return {
    provider,
    discovery: follow(
      { ...found, open: async ({ url, address }) => open({ baseUrl: url, address }) },
      deps,
    ),
  };
}

/** What route trees are built from. */
export interface RouteTreeDeps {
  readonly providers: ReadonlyMap<string, CatalogProvider>;
  readonly wishes: ScoreWishes;
  readonly rng: Rng;
}

/** The trees of all routes by name; names in them lead to each other. */
export function routeTrees(
  routes: Readonly<Record<string, RouteSettings>>,
  { providers, wishes, rng }: RouteTreeDeps,
): ReadonlyMap<string, RouteNode<ChatBackend>> {
  const trees = new Map<string, RouteNode<ChatBackend>>();
  const target = ({ provider: name, model, weight }: RouteTargetSettings) => {
    const provider = providers.get(name);
    if (provider === undefined) throw new RangeError(`there is no provider ${name}`);
    return targetOf(provider, model ?? provider.defaultModel ?? "", weight);
  };
  const build = (name: string, settings: RouteSettings): RouteNode<ChatBackend> => {
    switch (settings.kind) {
      case "strategy":
        return new StrategyNode<ChatBackend>({
          ...settings,
          name,
          targets: settings.targets.map(target),
          wishes,
          rng,
        });
      case "fallback":
        return new FallbackNode(
          name,
          settings.steps.map(({ child, on }) => ({
            node: build(name, child),
            ...(on === undefined ? {} : { on }),
          })),
          settings,
        );
      case "split": {
        const shares = settings.shares.map(({ weight, child }) => ({
          weight,
          node: build(name, child),
        }));
        return new SplitNode(name, shares, rng, settings.hedgeMs);
      }
      case "reference":
        return tree(settings.to);
    }
  };
  const whole = (name: string, settings: RouteSettings): RouteNode<ChatBackend> => {
    const node = build(name, settings);
    if (settings.kind === "reference") return node;
    const { mirror, drain } = settings;
    if (mirror === undefined && drain === undefined) return node;
    return new OuterNode(node, {
      ...(mirror && { mirror: { node: build(name, mirror.child), share: mirror.share } }),
      ...(drain && { drain: drainOf(drain) }),
    });
  };
  /** Routes that refer to others are built after those; none leads back to itself. */
  const tree = (name: string): RouteNode<ChatBackend> => {
    const known = trees.get(name);
    if (known !== undefined) return known;
    const settings = routes[name];
    if (settings === undefined) throw new RangeError(`there is no route ${name}`);
    const node = whole(name, settings);
    trees.set(name, node);
    return node;
  };
  for (const name of Object.keys(routes)) tree(name);
  return trees;
}

/** The models that a route may lead to. Copies lead nowhere: no one hears of their responses. */
function targetsOf(
  settings: RouteSettings,
  routes: Readonly<Record<string, RouteSettings>>,
): readonly RouteTargetSettings[] {
  const within = (child: RouteSettings) => targetsOf(child, routes);
  switch (settings.kind) {
    case "strategy":
      return settings.targets;
    case "fallback":
      return settings.steps.flatMap(({ child }) => within(child));
    case "split":
      return settings.shares.flatMap(({ child }) => within(child));
    case "reference": {
      const to = routes[settings.to];
      return to === undefined ? [] : within(to);
    }
  }
}

/** What a provider's model can do: as its list says, else as its name does. Without a name it is one for chats. */
function capabilitiesAt(
  { listed, defaultModel = "" }: CatalogProvider,
  model = defaultModel,
): readonly string[] {
  const known = listed().find(({ id }) => id === model)?.capabilities;
  return known ?? capabilitiesOf(new LooseObject({ id: model }));
}

/** What the models behind a route can do, taken together. */
export function routeCapabilities(
  routes: Readonly<Record<string, RouteSettings>>,
  providers: ReadonlyMap<string, CatalogProvider>,
): (route: string) => readonly string[] {
  return (name) => {
    const settings = routes[name];
    const targets = settings === undefined ? [] : targetsOf(settings, routes);
    const capabilities = targets.flatMap(({ provider: at, model }) => {
      const provider = providers.get(at);
      return provider === undefined ? [] : capabilitiesAt(provider, model);
    });
    return [...new Set(capabilities)];
  };
}

/** The models that routes name, by provider. */
export function modelsByProvider(
  routes: Readonly<Record<string, RouteSettings>>,
): ReadonlyMap<string, ReadonlySet<string>> {
  const found = new Map<string, Set<string>>();
  for (const { provider, model } of Object.values(routes).flatMap(ownTargetsOf)) {
    if (model !== undefined) getOrCreate(found, provider, () => new Set()).add(model);
  }
  return found;
}

/** The targets that stand in a route itself, its mirror's included. */
function ownTargetsOf(settings: RouteSettings): readonly RouteTargetSettings[] {
  if (settings.kind === "reference") return [];
  const copied = settings.mirror === undefined ? [] : ownTargetsOf(settings.mirror.child);
  switch (settings.kind) {
    case "strategy":
      return [...settings.targets, ...copied];
    case "fallback":
      return [...settings.steps.flatMap(({ child }) => ownTargetsOf(child)), ...copied];
    default:
      return [...settings.shares.flatMap(({ child }) => ownTargetsOf(child)), ...copied];
  }
}

function drainOf({ timeMs, callsMax }: DrainSettings): Drain {
  return { timeMs, places: new Places({ totalMax: callsMax, perCallerMax: callsMax }) };
}

/** For each model type the first route that names it. */
export function routesByType(
  routes: Readonly<Record<string, RouteSettings>>,
): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const [name, settings] of Object.entries(routes)) {
    for (const type of "types" in settings ? (settings.types ?? []) : []) {
      if (!found.has(type)) found.set(type, name);
    }
  }
  return found;
}
