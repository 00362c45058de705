/** Which route and backends a model's name means, for chat: routes, providers, listed models, cores. */

import type { Ability, ChatBackend, ListedModel } from "#backends/backend.ts";
import { expectedCost, type Price } from "#chat/price.ts";
import type { Rng } from "#core/rng.ts";
import { fault } from "#errors/fault.ts";
import type { Pool } from "#pool/pool.ts";
import type { Drain, Route, RouteAsk, RouteNode } from "#routing/route.ts";
import type { ScoreWishes } from "#routing/strategies/scored.ts";
import { StrategyNode } from "#routing/strategy-route.ts";
import { inTurn, type Survey } from "#routing/survey.ts";
import { copyRoute, type TreeRouteTerms, treeRoute } from "#routing/tree.ts";
import { type AllowsModel, modelNotAllowed } from "./allowed-model.ts";

/** A provider as the catalog knows it. */
export interface CatalogProvider {
  readonly name: string;
  /** What metrics of OpenTelemetry's conventions call it; its own name when absent. */
  readonly genAiName?: string;
  /** Names beside its own; those of other providers come first. */
  readonly aliases?: readonly string[];
  readonly pool: Pool<ChatBackend>;
  /** What it can do besides chat; nothing when absent. */
  readonly abilities?: ReadonlySet<Ability>;
  /** The model of a chat that names the provider alone. */
  readonly defaultModel?: string;
  readonly prices: Readonly<Record<string, Price>>;
  /** Those of models that `prices` leaves out. */
  readonly publishedPrices?: Readonly<Record<string, Price>>;
  /** What it listed when it was asked last. */
  listed(): readonly ListedModel[];
}

/** Where copies of a chat go, and which share of chats has one, from 0 to 1. */
export interface ChatMirror {
  readonly route: Route<ChatBackend>;
  readonly share: number;
}

/** Where a chat goes. */
export interface ChatTarget {
  readonly route: Route<ChatBackend>;
  /** Kind of the backends behind it: polyagent, embedded or llm. */
  readonly kind: string;
  /** Absent where the route wants no copies. */
  readonly mirror?: ChatMirror;
  /** Absent where the calls of clients that leave are cancelled. */
  readonly drain?: Drain;
}

/** The services that answer questions. */
export interface QueryTarget {
  readonly node: RouteNode<ChatBackend>;
  /** Kind of the backends behind it. */
  readonly kind: string;
}

/** What of a call its route may depend on. */
export interface ChatAsk extends RouteAsk {
  readonly needs?: Ability | undefined;
  /** It is a question, which goes to the services of questions where there are any. */
  readonly isQuery?: boolean | undefined;
  /** The models that the caller may name; absent: all. */
  readonly allows?: AllowsModel | undefined;
}

const unableWords: Readonly<Record<Ability, string>> = {
  embed: "makes embeddings",
  count_tokens: "counts tokens exactly, and the gateway does not guess",
  relay: "speaks OpenAI's API, whose operations other than chat are relayed and not translated",
};

function unable(model: string, needs: Ability) {
  const name = model === "" ? "the default model" : `"${model}"`;
  return fault("OPERATION_UNSUPPORTED", `no backend of ${name} ${unableWords[needs]}`);
}

/** Whether a provider may list models of which nobody knows yet: the gateway has just been started. */
function isUnheard({ pool }: CatalogProvider): boolean {
  return pool.snapshot().some(({ health }) => health.kind === "unknown");
}

/** A call of the first moment may be sent again: what it asks for is not known to be missing. */
function unheard(who: string) {
  return fault("POOL_EMPTY", `${who} has not listed its models yet`, { retryAfterMs: 1_000 });
}

/** What a catalog is made of. */
export interface ChatCatalogOptions {
  /** Configured cores, or the embedded one. */
  readonly cores: ChatTarget;
  /** Where questions that name no model go; where chats go when absent. */
  readonly queries?: QueryTarget | undefined;
  readonly providers: readonly CatalogProvider[];
  /** Route trees by public name. */
  readonly routes: ReadonlyMap<string, RouteNode<ChatBackend>>;
  /** Names of routes by what their models are for. */
  readonly routesByType?: ReadonlyMap<string, string>;
  /** What the models behind a route can do; they chat when absent. */
  readonly capabilitiesOf?: (route: string) => readonly string[];
  /** Models that routes name, by provider. */
  readonly modelsByProvider?: ReadonlyMap<string, ReadonlySet<string>>;
  readonly wishes: ScoreWishes;
  readonly terms: TreeRouteTerms;
  readonly rng: Rng;
}

/** What a chat would be like. */
export interface SurveyWish {
  /** As a chat names it; empty names none. */
  readonly model: string;
  readonly modelType: string;
  /** Empty: none. */
  readonly preferredProvider: string;
  readonly ask: ChatAsk;
}

/** A provider and one of its models. */
type ProviderModel = readonly [provider: CatalogProvider, model: string];

/**
 * Those of `pairs` that the caller may call: by the model's name, or as `provider/model`. Names of
 * providers and their aliases are settled by then, so that none leads around the rule. Throws
 * MODEL_NOT_ALLOWED when none is left of some.
 */
function allowedOf(
  pairs: readonly ProviderModel[],
  wanted: string,
  allows: AllowsModel | undefined,
): readonly ProviderModel[] {
  if (allows === undefined || pairs.length === 0) return pairs;
  const left = pairs.filter(([{ name }, model]) => allows(model, `${name}/${model}`));
  if (left.length === 0) throw modelNotAllowed(wanted);
  return left;
}

const kind = "llm";
/** The route of chats that name no model. */
const defaultRoute = "default";

/** Finds routes by the names that clients use. */
export class ChatCatalog {
  readonly #options: ChatCatalogOptions;
  /** By name and, where no other has that name, by alias. */
  readonly #providers: ReadonlyMap<string, CatalogProvider>;
  /** Nodes that were made for providers, by what they choose from; names are those of listings. */
  readonly #nodes = new Map<string, RouteNode<ChatBackend>>();

  constructor(options: ChatCatalogOptions) {
    this.#options = options;
    const { providers } = options;
    this.#providers = new Map([
      ...providers.flatMap(
        (provider) => provider.aliases?.map((name) => [name, provider] as const) ?? [],
      ),
      ...providers.map((provider) => [provider.name, provider] as const),
    ]);
  }

  get providers(): readonly CatalogProvider[] {
    return this.#options.providers;
  }

  /** Whether a route has this name. */
  hasRoute(name: string): boolean {
    return this.#options.routes.has(name);
  }

  /** The configured routes as models, by what those behind them can do. */
  get listedRoutes(): readonly ListedModel[] {
    const { routes, capabilitiesOf = () => ["text"] } = this.#options;
    return [...routes.keys()].map((id) => ({
      id,
      provider: "polygate",
      capabilities: capabilitiesOf(id),
    }));
  }

  /**
   * Where a call for `model` goes; empty names none. Who may name a route may call whatever is behind
   * it; where no model is named, cores and services of questions are allowed by their kind. Throws
   * MODEL_UNKNOWN; MODEL_NOT_ALLOWED; OPERATION_UNSUPPORTED where no one after the name can do what
   * the call needs.
   */
  resolve(model: string, ask: ChatAsk): ChatTarget {
    const { routes, cores, providers, queries } = this.#options;
    const allow = (name: string) => {
      if (ask.allows?.(name) === false) throw modelNotAllowed(model);
    };
    if (ask.isQuery === true && model === "" && queries !== undefined) {
      allow(queries.kind);
      return { route: treeRoute(queries.node, ask, this.#options.terms), kind: queries.kind };
    }
    const name = model === "" ? defaultRoute : model;
    const node = routes.get(name);
    if (node !== undefined) {
      allow(name);
      return this.#target(node, ask);
    }
    if (model === "") {
      if (cores.kind === "embedded" && providers.length > 0) return this.#any(ask);
      allow(cores.kind);
      return this.#cores(model, ask);
    }
    const named = this.#named(model, ask.allows);
    if (named !== undefined) return this.#target(named, ask);
    allow(model);
    // Cores have models of their own, of which they need not tell.
    if (cores.kind === "embedded" && providers.length > 0 && !this.#isListedByCores(model)) {
      if (providers.some(isUnheard)) throw unheard("a provider");
      throw fault("MODEL_UNKNOWN", `there is no model named "${model}"`);
    }
    return this.#cores(model, ask);
  }

  #cores(model: string, { needs }: ChatAsk): ChatTarget {
    if (needs !== undefined) throw unable(model, needs);
    return this.#options.cores;
  }

  /** Who comes into question for a chat now, without one. Throws MODEL_UNKNOWN, POOL_EMPTY. */
  survey({ model, modelType, preferredProvider, ask }: SurveyWish): Survey {
    const { routes, routesByType, cores, providers } = this.#options;
    const route = model === "" ? routesByType?.get(modelType) : undefined;
    if (route !== undefined) return this.resolve(route, ask).route.survey();
    const isOpen = model === "" && !routes.has(defaultRoute) && providers.length > 0;
    if (!isOpen) return this.resolve(model, ask).route.survey();
    const any = this.#any(ask).route.survey();
    // Configured cores come first, unless it is a provider that is asked for.
    if (cores.kind === "embedded" || preferredProvider !== "") return any;
    return inTurn([cores.route.survey(), any]);
  }

  /** How scores are weighed. */
  get wishes(): ScoreWishes {
    return this.#options.wishes;
  }

  /** US dollars per million tokens of a model at a provider; undefined when no one knows. */
  priceOf(provider: string, model: string): Price | undefined {
    const known = this.#providers.get(provider);
    if (known === undefined) return undefined;
    const { prices, publishedPrices = {} } = known;
    if (Object.hasOwn(prices, model)) return prices[model];
    return Object.hasOwn(publishedPrices, model) ? publishedPrices[model] : undefined;
  }

  /** What metrics of OpenTelemetry's conventions call the owner of a pool. */
  genAiNameOf(pool: string): string {
    return this.#providers.get(pool)?.genAiName ?? pool;
  }

  /** Whether the configuration names a model of a pool, or its provider lists it: no client made it up. */
  knows(pool: string, model: string): boolean {
    if (model === "") return true;
    const provider = this.#providers.get(pool);
    if (provider === undefined) return false;
    return (
      provider.defaultModel === model ||
      Object.hasOwn(provider.prices, model) ||
      this.#options.modelsByProvider?.get(pool)?.has(model) === true ||
      provider.listed().some(({ id }) => id === model)
    );
  }

  #isListedByCores(model: string): boolean {
    return model.startsWith("polyagent");
  }

  #target(node: RouteNode<ChatBackend>, ask: ChatAsk): ChatTarget {
    if (ask.needs !== undefined && !node.serves(ask)) throw unable(node.name, ask.needs);
    const { mirror, drain } = node;
    const target = {
      route: treeRoute(node, ask, this.#options.terms),
      kind,
      ...(drain === undefined ? {} : { drain }),
    };
    if (mirror === undefined || ask.needs !== undefined) return target;
    return { ...target, mirror: { route: copyRoute(mirror.node, ask), share: mirror.share } };
  }

  /** The node for a name that some provider has, over those whose model the caller may call. */
  #named(model: string, allows: AllowsModel | undefined): RouteNode<ChatBackend> | undefined {
    const pairs = allowedOf(this.#pairsOf(model), model, allows);
    return pairs.length === 0 ? undefined : this.#node(model, pairs);
  }

  /** Who is meant by a provider's name, `provider/model`, or a model that providers list. */
  #pairsOf(model: string): readonly ProviderModel[] {
    const provider = this.#providers.get(model);
    if (provider !== undefined) return [[provider, this.#defaultModel(provider)]];
    const slash = model.indexOf("/");
    const prefix = slash < 0 ? undefined : this.#providers.get(model.slice(0, slash));
    if (prefix !== undefined) return [[prefix, model.slice(slash + 1)]];
    const listing = this.#options.providers.filter(
      ({ listed, prices }) =>
        Object.hasOwn(prices, model) || listed().some(({ id }) => id === model),
    );
    return listing.map((one) => [one, model] as const);
  }

  #defaultModel(provider: CatalogProvider): string {
    const { name, defaultModel, listed } = provider;
    const chats = listed().find(({ capabilities }) => !capabilities.includes("embedding"));
    const model = defaultModel ?? chats?.id;
    if (model !== undefined) return model;
    if (isUnheard(provider)) throw unheard(`the provider "${name}"`);
    throw fault("MODEL_UNKNOWN", `the provider "${name}" lists no model; name one`);
  }

  /** Every provider with its default model. */
  #any(ask: ChatAsk): ChatTarget {
    const ready = this.#options.providers.filter(
      ({ defaultModel, listed }) => defaultModel !== undefined || listed().length > 0,
    );
    if (ready.length === 0) {
      throw fault("POOL_EMPTY", "no provider has listed its models yet", {
        cause: this.#options.providers[0]?.pool.causeOfSickness(),
      });
    }
    const pairs = ready.map((provider) => [provider, this.#defaultModel(provider)] as const);
    return this.#target(this.#node("default", allowedOf(pairs, "", ask.allows)), ask);
  }

  /** The node that chooses by score among models of providers; made once for each choice. */
  #node(name: string, pairs: readonly ProviderModel[]): RouteNode<ChatBackend> {
    const key = pairs.map(([provider, model]) => `${provider.name}/${model}`).join(" ");
    const known = this.#nodes.get(key);
    if (known !== undefined) return known;
    const node = new StrategyNode<ChatBackend>({
      name,
      strategy: "scored",
      targets: pairs.map(([provider, model]) => targetOf(provider, model, 1)),
      wishes: this.#options.wishes,
      hasAffinity: true,
      rng: this.#options.rng,
    });
    if (this.#nodes.size >= nodesMax) this.#nodes.clear();
    this.#nodes.set(key, node);
    return node;
  }
}

/** Nodes that are kept; clients may name models without end. */
const nodesMax = 1_000;

/** A provider's model as a target of a route. */
export function targetOf(
  { pool, prices, abilities }: CatalogProvider,
  model: string,
  weight: number,
) {
  const price = Object.hasOwn(prices, model) ? prices[model] : undefined;
  return {
    pool,
    ...(abilities === undefined ? {} : { abilities }),
    model,
    weight,
    costOf: (promptTokens: number, outputTokens: number) =>
      price === undefined ? undefined : expectedCost(promptTokens, outputTokens, price),
  };
}
