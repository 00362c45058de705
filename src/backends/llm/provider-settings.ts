/** What a provider and a route are configured as. Types only. */

import type { DiscoverySettings } from "#backends/discovery-settings.ts";
import type { Price } from "#chat/price.ts";
import type { DialectName } from "#dialects/dialect.ts";
import type { VertexPlace } from "./paths.ts";
import type { KeyHeader } from "./presets.ts";
import type { ServiceAccount } from "./service-account.ts";

/** A project on Vertex AI, and who calls for it. */
export interface VertexSettings extends VertexPlace {
  readonly account: ServiceAccount;
}

/** One address of a provider. */
export interface EndpointSettings {
  /** `name` for the only one, else `name-1`, `name-2` …; goes into logs, metrics and attempts. */
  readonly id: string;
  readonly baseUrl: string;
  readonly weight: number;
}

/** One dialect, one set of credentials, any number of endpoints. */
export interface ProviderSettings {
  readonly name: string;
  /** What metrics of OpenTelemetry's conventions call it. */
  readonly genAiName: string;
  /** Names that chats may call it by beside its own; names of routes and providers come first. */
  readonly aliases?: readonly string[];
  readonly dialect: DialectName;
  /** How it deviates from its dialect. */
  readonly profile?: string;
  readonly keyHeader: KeyHeader;
  readonly keys: readonly string[];
  /** It is called with the credentials of its clients, and has none of its own. */
  readonly credentials?: "client";
  /** Empty where they are found by `discovery`. */
  readonly endpoints: readonly EndpointSettings[];
  /** A name whose addresses are the endpoints. */
  readonly discovery?: DiscoverySettings;
  /** Its calls are signed by a service account, instead of keys. */
  readonly vertex?: VertexSettings;
  /** Clients of its dialect are relayed to it. */
  readonly relays: boolean;
  /** 1 is the most preferred. */
  readonly priority: number;
  /** Calls that each endpoint may have at one time, or the bounds between which that is found out. */
  readonly concurrentMax: number | { readonly min: number; readonly max: number };
  /** Calls that wait while all have as many, and how long. */
  readonly queue: { readonly callsMax: number; readonly waitMs: number };
  /** Weights of its own under `scored`, by term. */
  readonly weights: Readonly<Record<string, number>>;
  /** The model of a chat that names the provider alone. */
  readonly defaultModel?: string;
  readonly connectTimeoutMs: number;
  readonly firstTokenTimeoutMs: number;
  readonly idleTimeoutMs: number;
  readonly totalTimeoutMs: number;
  /** US dollars per million tokens, by model. */
  readonly prices: Readonly<Record<string, Price>>;
  /** The same of models that these leave out, as its vendor has published them. */
  readonly publishedPrices?: Readonly<Record<string, Price>>;
  /** Where it was configured, such as `environment OPENAI_API_KEY`. */
  readonly source: string;
}
