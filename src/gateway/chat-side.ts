/** Opens the chat backends, and the way to them: pools, routes and the catalog of models. */

import { readFile } from "node:fs/promises";
import { createAgent, plainAgent } from "#agent/agent.ts";
import type { ChatBackend } from "#backends/backend.ts";
import type { TellCaller } from "#backends/caller-headers.ts";
import { coreChat } from "#backends/core-chat.ts";
import { createEmbeddedBackend } from "#backends/embedded/backend.ts";
import { openCore } from "#backends/open-core.ts";
import { ChatCatalog, type ChatTarget, type QueryTarget } from "#catalog/chat-catalog.ts";
import { queryRoute } from "#catalog/query-route.ts";
import type { CoreSettings } from "#config/settings.ts";
import { systemClock } from "#core/clock.ts";
import { systemRng } from "#core/rng.ts";
import { settleWithin } from "#core/settle-within.ts";
import { threeDigits } from "#core/three-digits.ts";
import type { Discovery } from "#discovery/discovery.ts";
import type { Shared } from "#gateway/parts.ts";
import {
  attemptReporter,
  discoveryReporter,
  ejectionReporter,
  extraAttempts,
  queueWatch,
} from "#gateway/reports.ts";
import { causeText } from "#observability/cause-text.ts";
import type { MemberOptions } from "#pool/member.ts";
import { Pool, type PoolChange } from "#pool/pool.ts";
import { createBalancer } from "#routing/balancer.ts";
import { createDispatch, type Dispatch } from "#routing/dispatch.ts";
import { poolRoute } from "#routing/pool-route.ts";
import { RetryBudget } from "#routing/retry-budget.ts";

/** A pool of chat backends and their kind. */
interface ChatPool {
  readonly kind: string;
  readonly pool: Pool<ChatBackend>;
}

/** The chat backends and the way to them. */
export interface ChatSide {
  readonly kind: "embedded" | "polyagent";
  /** The cores. */
  readonly pool: Pool<ChatBackend>;
  /** Those that answer questions alone, by service. */
  readonly queryPools: readonly ChatPool[];
  readonly catalog: ChatCatalog;
  readonly dispatch: Dispatch;
  /** What fills pools whose endpoints DNS names. */
  readonly discoveries: readonly Discovery[];
}

/** Where questions go besides the cores of chats. */
interface QuerySide {
  readonly pools: readonly ChatPool[];
  readonly discoveries: readonly Discovery[];
  /** Absent: there is no service of questions. */
  readonly target?: QueryTarget;
}

/** Retries and hedges that gateways with few calls may always have, and how long calls count. */
const retryTerms = { perSecondMin: 10, windowSeconds: 10 };
const hedgeTerms = { perSecondMin: 1, windowSeconds: 10 };

/** How a core learns who calls; without a core that does, nothing is loaded for it. */
async function tellerOf(
  { identity }: CoreSettings,
  { settings: { callerSigning: by }, clock }: Shared,
): Promise<{ readonly tells?: TellCaller }> {
  if (identity === undefined) return {};
  const { plainCaller, signedCaller } = await import("#backends/caller-headers.ts");
  if (identity === "plain") return { tells: plainCaller };
  if (by === undefined) throw new TypeError("nothing signs the identity of callers");
  const signer = "secret" in by ? by : { privateKey: await readFile(by.keyFile) };
  return { tells: signedCaller(signer, clock) };
}

/** A core behind the chat contract; what it is asked over HTTP goes by its service. */
async function coreAt(
  core: CoreSettings,
  at: { readonly url: string; readonly connectTo?: string },
  shared: Shared,
): Promise<ChatBackend> {
  const { protocol, service, transport, tls } = core;
  const teller = await tellerOf(core, shared);
  const task = service === undefined || service === "twin" ? "chat" : "query";
  const trust = tls === undefined ? {} : { tls };
  const { connectionAgeMaxMs } = shared.settings.chat;
  const how = { protocol, task, transport, connectionAgeMaxMs } as const;
  return await openCore({ ...how, ...trust, ...at, ...teller }, shared.clock);
}

/** The members of a pool of cores; those of DNS join later. */
function coreMembers(
  cores: readonly CoreSettings[],
  shared: Shared,
): Promise<MemberOptions<ChatBackend>[]> {
  return Promise.all(
    cores
      .filter(({ discovery }) => discovery === undefined)
      .map(async (core) => ({
        id: core.id,
        weight: core.weight,
        backend: await coreAt(core, { url: core.url }, shared),
      })),
  );
}

/** The members of the chat pool: the configured cores, or the same core in this process. */
async function chatMembers(shared: Shared): Promise<MemberOptions<ChatBackend>[]> {
  const { cores } = shared.settings.chat;
  if (cores.length > 0) return await coreMembers(cores, shared);
  const agent = createAgent(plainAgent, { clock: systemClock, rng: systemRng });
  return [{ id: "embedded", weight: 1, backend: coreChat(createEmbeddedBackend(agent)) }];
}

/** Lets a pool follow the names of its cores; who has none loads nothing for it. */
async function followCores(
  cores: readonly CoreSettings[],
  pool: Pool<ChatBackend>,
  shared: Shared,
): Promise<Discovery[]> {
  const named = cores.flatMap((core) =>
    core.discovery === undefined ? [] : [{ core, discovery: core.discovery }],
  );
  if (named.length === 0) return [];
  const { follow } = await import("#discovery/follow.ts");
  const onDiscovery = discoveryReporter(shared, pool.name);
  const deps = { clock: shared.clock, rng: systemRng, onDiscovery };
  return named.map(({ core, discovery }) => {
    const open = ({ url, address }: { readonly url: string; readonly address: string }) =>
      coreAt(core, { url, connectTo: address }, shared);
    const { id: prefix, weight } = core;
    return follow({ pool, discovery, prefix, weight, open }, deps);
  });
}

/** A pool of cores, each change of whose health leaves a line. */
function corePool(
  name: string,
  members: MemberOptions<ChatBackend>[],
  {
    onChange = () => {},
    ...shared
  }: Shared & { readonly onChange?: (pool: Pool<ChatBackend>) => void },
): Pool<ChatBackend> {
  const { settings, clock, logger, records } = shared;
  const pool = new Pool<ChatBackend>(
    { name, members, ...settings.chat },
    {
      clock,
      rng: systemRng,
      onChange(change) {
        const { id, health: state, isDraining } = change.member;
        records.onHealth(change);
        onChange(pool);
        if (state.kind === "unknown") return;
        const facts = {
          core: id,
          health: state.kind,
          elapsed_ms: threeDigits(state.responseTimeMs),
          ...(isDraining ? { draining: true } : {}),
        };
        if (state.kind === "healthy") logger.info(facts, "core health");
        else logger.warn({ ...facts, error: causeText(state.cause) }, "core health");
      },
      onEjection: ejectionReporter(shared),
    },
  );
  return pool;
}

/** The services that answer questions, a pool each, and the way through them. */
async function openQueries(shared: Shared): Promise<QuerySide> {
  const { settings } = shared;
  const { queries, algorithm: strategy } = settings.chat;
  const byService = Map.groupBy(queries, ({ service = "" }) => service);
  const pools: ChatPool[] = [];
  const discoveries: Discovery[] = [];
  for (const [name, cores] of byService) {
    const pool = corePool(name, await coreMembers(cores, shared), shared);
    pools.push({
      kind: cores.some(({ protocol }) => protocol !== "grpc") ? "http" : "polyagent",
      pool,
    });
    discoveries.push(...(await followCores(cores, pool, shared)));
  }
  const [first] = pools;
  if (first === undefined) return { pools, discoveries };
  const wishes = { weights: settings.scoreWeights };
  const node = queryRoute({
    pools: pools.map(({ pool }) => pool),
    strategy,
    wishes,
    rng: systemRng,
  });
  return { pools, discoveries, target: { node, kind: first.kind } };
}

/** Builds the chat pool, whose health shows in the gateway's own. */
export async function openChat(shared: Shared): Promise<ChatSide> {
  const { settings, clock, setServing } = shared;
  const { chat } = settings;
  const kind = chat.cores.length === 0 ? "embedded" : "polyagent";
  const onChange = (changed: Pool<ChatBackend>) => setServing(changed.candidates().length > 0);
  const pool = corePool(kind, await chatMembers(shared), { ...shared, onChange });
  const queries = await openQueries(shared);
  const { algorithm, retryAttempts, attemptTimeoutMs, retryBudget, hedgeBudget } = chat;
  const route = poolRoute({
    pool,
    balancer: createBalancer(algorithm, systemRng),
    algorithm,
    retryAttempts,
    ...(attemptTimeoutMs === undefined ? {} : { attemptTimeoutMs }),
    rng: systemRng,
  });
  const targets = { cores: { route, kind }, queries: queries.target };
  const { catalog, discoveries } = await openCatalog(shared, targets);
  const ofCores = await followCores(chat.cores, pool, shared);
  const all = [...discoveries, ...ofCores, ...queries.discoveries];
  // Who starts with a name server that is away serves without those endpoints.
  const { healthTimeoutMs } = chat;
  if (all.length > 0) {
    await settleWithin(Promise.all(all.map(({ first }) => first)), healthTimeoutMs, clock);
    setServing(pool.candidates().length > 0);
  }
  return {
    kind,
    pool,
    queryPools: queries.pools,
    catalog,
    discoveries: all,
    dispatch: createDispatch({
      clock,
      rng: systemRng,
      budgets: {
        retry: new RetryBudget({ ...retryTerms, share: retryBudget }),
        hedge: new RetryBudget({ ...hedgeTerms, share: hedgeBudget }),
      },
      onAttempt: attemptReporter(shared),
      onExtra: extraAttempts(shared),
    }),
  };
}

/** Opens the providers and builds the routes; who has none loads nothing for them. */
async function openCatalog(
  shared: Shared,
  targets: { readonly cores: ChatTarget; readonly queries: QueryTarget | undefined },
): Promise<{ readonly catalog: ChatCatalog; readonly discoveries: readonly Discovery[] }> {
  const { settings, clock, logger, records } = shared;
  const { providers: wanted, routes, scoreWeights: weights, chat } = settings;
  const rng = systemRng;
  const { retryAttempts, attemptTimeoutMs } = chat;
  const terms = { retryAttempts, ...(attemptTimeoutMs === undefined ? {} : { attemptTimeoutMs }) };
  const weightsByProvider = new Map(wanted.map(({ name, weights: own }) => [name, own]));
  const wishes = { weights, weightsByProvider };
  const common = { ...targets, wishes, terms, rng };
  if (wanted.length === 0) {
    const catalog = new ChatCatalog({ ...common, providers: [], routes: new Map() });
    return { catalog, discoveries: [] };
  }
  const { modelsByProvider, openProvider, routeCapabilities, routesByType, routeTrees } =
    await import("#catalog/open-catalog.ts");
  const deps = {
    clock,
    rng,
    onChange(change: PoolChange) {
      const { pool, member } = change;
      const { id, health, isDraining } = member;
      records.onHealth(change);
      if (health.kind === "unknown") return;
      const facts = {
        provider: pool,
        endpoint: id,
        health: health.kind,
        ...(isDraining ? { draining: true } : {}),
      };
      if (health.kind === "healthy") logger.info(facts, "provider health");
      else logger.warn({ ...facts, error: causeText(health.cause) }, "provider health");
    },
    onEjection: ejectionReporter(shared),
    queueWatchOf: (provider: string) => queueWatch(shared.metrics, provider),
    onKeyRefused: (event: { provider: string; tail: string; reason: string }) =>
      logger.warn(
        { provider: event.provider, key: event.tail, reason: event.reason },
        "key set aside",
      ),
  };
  const opened = wanted.map((one) =>
    openProvider(one, chat, { ...deps, onDiscovery: discoveryReporter(shared, one.name) }),
  );
  const providers = opened.map(({ provider }) => provider);
  const byName = new Map(providers.map((provider) => [provider.name, provider]));
  const catalog = new ChatCatalog({
    ...common,
    providers,
    routes: routeTrees(routes, { providers: byName, wishes, rng }),
    routesByType: routesByType(routes),
    capabilitiesOf: routeCapabilities(routes, byName),
    modelsByProvider: modelsByProvider(routes),
  });
  return {
    catalog,
    discoveries: opened.flatMap(({ discovery }) => (discovery === undefined ? [] : [discovery])),
  };
}

/** The pools of chat: the cores, those of questions, then the providers. */
export function chatPoolsOf({ kind, pool, queryPools, catalog }: ChatSide): ChatPool[] {
  const providers = catalog.providers.map((one) => ({ kind: "llm", pool: one.pool }));
  return [{ kind, pool }, ...queryPools, ...providers];
}
