/** The section `providers`: LLM providers from the file and from the environment. */

import { z } from "zod";
import { isPreset, type Preset, type PresetName, presets } from "#backends/llm/presets.ts";
import type { EndpointSettings, ProviderSettings } from "#backends/llm/provider-settings.ts";
import { publishedOn, publishedPrices } from "#backends/llm/published-prices.ts";
import type { Path } from "#yaml/problem.ts";
import { readOnce } from "#yaml/read-once.ts";
import { duration, flag, text, textThat, wholeNumber } from "#yaml/scalar.ts";
import type { Environment } from "#yaml/source.ts";
import { adaptiveConcurrency, concurrencyFrom } from "./adaptive-concurrency.ts";
import { type DiscoveryContext, discoveryFrom, providerDiscovery } from "./discovery.ts";
import { modelPrice, priceOf } from "./model-price.ts";
import type { Report } from "./report.ts";
import { scoreWeights } from "./score-weights.ts";
import { vertexFrom, vertexUrl } from "./vertex.ts";

const weightMax = 1_000;
const presetNames = Object.keys(presets) as [PresetName, ...PresetName[]];

/** Whether text is an http or https address without credentials or query. */
export function isBaseUrl(written: string): boolean {
  if (!URL.canParse(written)) return false;
  const { protocol, username, password, search, hash } = new URL(written);
  const isHttp = protocol === "http:" || protocol === "https:";
  return isHttp && username === "" && password === "" && search === "" && hash === "";
}

const baseUrl = () =>
  textThat("an address such as https://api.example.com/v1, without user or query", isBaseUrl);

const endpoint = z.strictObject({
  base_url: baseUrl().describe("Base address, to which the paths of its API are added."),
  weight: wholeNumber(1, weightMax)
    .prefault(1)
    .describe("Share of calls under weighted strategies."),
});

const provider = z.strictObject({
  preset: z
    .enum(presetNames)
    .optional()
    .describe("Preset whose values it takes; the preset of its own name when absent."),
  dialect: z
    .enum(["openai", "openai-responses", "anthropic", "gemini", "ollama"])
    .optional()
    .describe("The API that it speaks."),
  base_url: baseUrl().optional().describe("Its address; the preset's when absent."),
  endpoints: z
    .array(endpoint)
    .min(1)
    .optional()
    .describe("Several addresses, instead of `base_url`."),
  discovery: providerDiscovery
    .optional()
    .describe(
      "Instead of `base_url`: a name in DNS or Kubernetes; each of its addresses is an endpoint.",
    ),
  api_key: text("a key of visible ASCII characters", /^[\x21-\x7e]+$/)
    .optional()
    .describe("Its key."),
  api_keys: z
    .array(text("a key of visible ASCII characters", /^[\x21-\x7e]+$/))
    .min(1)
    .optional()
    .describe("Several keys that take turns."),
  key_header: z
    .enum(["bearer", "x-api-key", "x-goog-api-key", "api-key", "none"])
    .optional()
    .describe("The header that carries the key; the dialect's own when absent."),
  project: text()
    .optional()
    .describe(
      "Of the preset `vertex`: the project; else GOOGLE_CLOUD_PROJECT, else that of the key file.",
    ),
  location: text()
    .optional()
    .describe(
      "Of the preset `vertex`: where models run; else GOOGLE_CLOUD_LOCATION, else `global`.",
    ),
  credentials_file: text()
    .optional()
    .describe(
      "Of the preset `vertex`: key file of a service account, relative to the configuration file's folder; else GOOGLE_APPLICATION_CREDENTIALS.",
    ),
  profile: z
    .enum(["openai", "xai", "deepseek", "ollama-v1", "compatible"])
    .optional()
    .describe("How it deviates from the OpenAI dialect."),
  credentials: z
    .enum(["own", "client"])
    .prefault("own")
    .describe(
      "`client`: the provider is called with the client's own credential; the client then sends the gateway's key in `x-polygate-key`.",
    ),
  relay: flag()
    .prefault(true)
    .describe(
      "Pass bytes through unchanged between the provider and clients that speak its dialect. `false` translates, for a server that refuses some fields or whose deviations must be corrected.",
    ),
  default_model: text().optional().describe("The model of a chat that names the provider alone."),
  priority: wholeNumber(1, 100).prefault(1).describe("1 is the most preferred under `scored`."),
  max_concurrent: wholeNumber(1, 100_000)
    .optional()
    .describe(
      "Most calls in flight per endpoint; 100 when absent, without `adaptive_concurrency`.",
    ),
  adaptive_concurrency: adaptiveConcurrency(),
  queue_max: wholeNumber(0, 10_000)
    .prefault(0)
    .describe(
      "Calls that wait in line while all of its endpoints have as many as they may; with 0, and beyond it, calls fail at once with OVERLOADED.",
    ),
  queue_wait: duration("10m")
    .prefault("10s")
    .describe("How long a call waits in line, its own time permitting."),
  weights: scoreWeights()
    .prefault({})
    .describe("Its own weights under `scored`, instead of the shared ones."),
  connect_timeout: duration("10m").prefault("5s").describe("Time to connect."),
  first_token_timeout: duration("1h").prefault("60s").describe("Time until a stream begins."),
  idle_timeout: duration("1h").prefault("60s").describe("Time between two pieces of a response."),
  total_timeout: duration("24h").prefault("1h").describe("Time for a whole response."),
  prices: z
    .record(text(), modelPrice)
    .prefault({})
    .describe(
      `Prices by model. Of others, a preset at its own address has those that were published by ${publishedOn}; where there is none, costs are unknown.`,
    ),
});

/** Calls in flight per endpoint where nothing is said. */
const concurrentMaxDefault = 100;

/** The section of the file. */
export const providersSchema = z
  .record(text("a name of letters, digits, `-`, `_` and `.`", /^[\w.-]{1,64}$/), provider)
  .prefault({})
  .describe("LLM providers by name.");

/** A provider as the file has it, with defaults filled in. */
type FileProvider = z.output<typeof provider>;

/** The preset of a provider that names only a dialect. */
const presetOfDialect: Readonly<Record<NonNullable<FileProvider["dialect"]>, Preset>> = {
  openai: presets.openai,
  "openai-responses": { ...presets.openai, dialect: "openai-responses" },
  anthropic: presets.anthropic,
  gemini: presets.google,
  ollama: presets.ollama,
};

function presetOf(name: string, written: FileProvider): Preset | undefined {
  if (written.preset !== undefined) return presets[written.preset];
  if (isPreset(name)) return presets[name];
  if (written.dialect === undefined) return undefined;
  const preset = presetOfDialect[written.dialect];
  // Another address that speaks OpenAI's API is most likely a compatible server.
  const isOwn = [written.base_url, written.endpoints, written.discovery].some(
    (one) => one !== undefined,
  );
  return isOwn && preset.dialect === "openai-chat" ? { ...preset, profile: "compatible" } : preset;
}

function firstSet(names: readonly string[], env: Environment): string | undefined {
  return names.map((name) => env[name]).find((value) => value);
}

function endpointsOf(
  name: string,
  written: FileProvider,
  preset: Preset,
  env: Environment,
): EndpointSettings[] {
  if (written.discovery !== undefined) return [];
  if (written.endpoints !== undefined) {
    return written.endpoints.map(({ base_url, weight }, index) => ({
      id: `${name}-${index + 1}`,
      baseUrl: base_url,
      weight,
    }));
  }
  const said = preset.baseUrlName === undefined ? undefined : env[preset.baseUrlName];
  const url = written.base_url ?? (said ? addressFrom(said) : undefined) ?? preset.baseUrl;
  return url === undefined ? [] : [{ id: name, baseUrl: url, weight: 1 }];
}

/** OLLAMA_HOST may be a host alone. */
function addressFrom(said: string): string {
  return said.includes("://") ? said : `http://${said.includes(":") ? said : `${said}:11434`}`;
}

/** Drops what is undefined. */
function defined<T extends object>(fields: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}

/** Whether calls go to the vendor itself. */
function isVendors({ baseUrl }: Preset, endpoints: readonly EndpointSettings[]): boolean {
  return endpoints.length > 0 && endpoints.every((endpoint) => endpoint.baseUrl === baseUrl);
}

/** A vendor's name where calls go to the vendor, or to a place of one's own that it runs; else the provider's. */
function genAiNameOf(name: string, preset: Preset, endpoints: readonly EndpointSettings[]): string {
  const { genAiName = name, baseUrl } = preset;
  return baseUrl === undefined || isVendors(preset, endpoints) ? genAiName : name;
}

/** What a vendor has published, where calls go to it: elsewhere others may ask for something else. */
function publishedBy(endpoints: readonly EndpointSettings[]) {
  const vendor = presetNames.find((name) => isVendors(presets[name], endpoints));
  const prices = vendor === undefined ? undefined : publishedPrices[vendor];
  return prices === undefined ? {} : { publishedPrices: prices };
}

/** The settings of a provider that only the environment names. */
interface ProviderContext extends DiscoveryContext {
  readonly env: Environment;
  readonly folder: string;
  readonly report: Report;
  readonly source: string;
}

/** Reports settings that exclude each other. */
function reportContradictions(path: Path, written: FileProvider, report: Report): void {
  if (written.api_key !== undefined && written.api_keys !== undefined) {
    report([...path, "api_keys"], "cannot be combined with api_key", "keep one of them");
  }
  if (written.base_url !== undefined && written.endpoints !== undefined) {
    report([...path, "endpoints"], "cannot be combined with base_url", "keep one of them");
  }
  const beside = (["base_url", "endpoints"] as const).find((key) => written[key] !== undefined);
  if (written.discovery !== undefined && beside !== undefined) {
    report([...path, "discovery"], `cannot be combined with ${beside}`, "keep one of them");
  }
}

/** Reports own credentials of a provider that is called with its clients' credentials. */
function reportOwnKeys(
  path: Path,
  { credentials, api_key, api_keys }: FileProvider,
  { preset, report }: { readonly preset: Preset; readonly report: Report },
): void {
  if (credentials === "own") return;
  if (api_key !== undefined || api_keys !== undefined) {
    report([...path, "credentials"], "`client` cannot be combined with a key", "keep one of them");
  }
  if (preset === presets.vertex) {
    report([...path, "credentials"], "has no effect: a service account signs");
  }
}

const vertexKeys = ["project", "location", "credentials_file"] as const;
const keyKeys = ["api_key", "api_keys", "key_header"] as const;

/** Reports settings of the other way to authenticate: by key, or by service account. */
function reportForeign(
  path: Path,
  written: FileProvider,
  { preset, report }: { readonly preset: Preset; readonly report: Report },
): void {
  const isVertex = preset === presets.vertex;
  if (isVertex && written.dialect !== undefined && written.dialect !== "gemini") {
    report([...path, "dialect"], "is not spoken there", "Vertex AI is called in Gemini's");
  }
  for (const key of isVertex ? keyKeys : vertexKeys) {
    if (written[key] === undefined) continue;
    const message = isVertex
      ? "has no effect: a service account signs"
      : "is of the preset `vertex`";
    report([...path, key], message);
  }
}

/** The address and account of a provider on Vertex AI; undefined, and reported, when the account is unknown. */
function placesOf(
  name: string,
  written: FileProvider,
  {
    preset,
    env,
    folder,
    report,
    kubernetes,
  }: Omit<ProviderContext, "source"> & { readonly preset: Preset },
): Pick<ProviderSettings, "endpoints" | "discovery" | "vertex"> | undefined {
  const path: Path = ["providers", name];
  const at: Report = (key, message, hint) => report([...path, ...key], message, hint);
  const discovered = found(written, { kubernetes }, at);
  if (preset === presets.vertex) {
    const vertex = vertexFrom(written, { env, folder, report: at });
    if (vertex === undefined) return undefined;
    const baseUrl = vertexUrl(vertex.location);
    return {
      ...discovered,
      endpoints: endpointsOf(name, written, { ...preset, baseUrl }, env),
      vertex,
    };
  }
  const endpoints = endpointsOf(name, written, preset, env);
  if (endpoints.length === 0 && written.discovery === undefined) {
    report(path, "needs a base_url: every account has its own");
  }
  return { ...discovered, endpoints };
}

function found(
  { discovery: written }: FileProvider,
  context: DiscoveryContext,
  report: Report,
): Pick<ProviderSettings, "discovery"> {
  if (written === undefined) return {};
  const ofDiscovery: Report = (path, ...words) => report(["discovery", ...path], ...words);
  const discovery = discoveryFrom(written, context, ofDiscovery);
  return discovery === undefined ? {} : { discovery };
}

/** Calls in flight per endpoint, or the bounds between which that is found out. */
function concurrencyOf(
  { adaptive_concurrency: adaptive, max_concurrent: most }: FileProvider,
  at: { readonly path: Path; readonly report: Report },
): ProviderSettings["concurrentMax"] {
  return concurrencyFrom(adaptive, most, at) ?? concurrentMaxDefault;
}

function providerFrom(
  name: string,
  written: FileProvider,
  { env, folder, report, source, kubernetes }: ProviderContext,
): ProviderSettings | undefined {
  const path: Path = ["providers", name];
  const preset = presetOf(name, written);
  if (preset === undefined) {
    report(path, "needs a dialect or a preset", `name one of ${Object.keys(presets).join(", ")}`);
    return undefined;
  }
  reportContradictions(path, written, report);
  reportForeign(path, written, { preset, report });
  reportOwnKeys(path, written, { preset, report });
  const places = placesOf(name, written, { preset, env, folder, report, kubernetes });
  if (places === undefined) return undefined;
  const isClients = written.credentials === "client";
  const fromEnvironment = isClients ? undefined : firstSet(preset.keyNames, env);
  const single = written.api_key ?? fromEnvironment;
  const keys = written.api_keys ?? (single === undefined ? [] : [single]);
  const dialect =
    written.dialect === "openai" ? "openai-chat" : (written.dialect ?? preset.dialect);
  const profile = written.profile ?? preset.profile;
  return {
    name,
    genAiName: genAiNameOf(name, preset, places.endpoints),
    ...(isPreset(name) && preset.aliases !== undefined ? { aliases: preset.aliases } : {}),
    dialect,
    ...(profile === undefined ? {} : { profile }),
    keyHeader: written.key_header ?? preset.keyHeader,
    keys,
    ...places,
    ...(isClients ? { credentials: "client" as const } : {}),
    relays: written.relay,
    priority: written.priority,
    concurrentMax: concurrencyOf(written, { path, report }),
    queue: { callsMax: written.queue_max, waitMs: written.queue_wait },
    weights: defined(written.weights) as Readonly<Record<string, number>>,
    ...(written.default_model === undefined ? {} : { defaultModel: written.default_model }),
    connectTimeoutMs: written.connect_timeout,
    firstTokenTimeoutMs: written.first_token_timeout,
    idleTimeoutMs: written.idle_timeout,
    totalTimeoutMs: written.total_timeout,
    prices: Object.fromEntries(
      Object.entries(written.prices).map(([model, one]) => [model, priceOf(one)]),
    ),
    ...publishedBy(places.endpoints),
    source,
  };
}

/** Presets that a variable of the environment switches on, each with its variable. */
function switchedOn(env: Environment): { readonly name: PresetName; readonly variable: string }[] {
  return (Object.entries(presets) as [PresetName, Preset][]).flatMap(([name, preset]) => {
    const names = preset.dialect === "ollama" ? ["OLLAMA_HOST"] : preset.keyNames;
    const isWord =
      env.AI_GATEWAY_API_KEY !== undefined && env.AI_GATEWAY_API_KEY === preset.gatewayWord;
    const variable =
      names.find((candidate) => env[candidate]) ?? (isWord ? "AI_GATEWAY_API_KEY" : undefined);
    const isSomewhere = preset.baseUrl !== undefined || name === "vertex";
    return variable === undefined || !(isSomewhere || env[preset.baseUrlName ?? ""])
      ? []
      : [{ name, variable }];
  });
}

/** Every provider: those of the file in its order, then those that the environment alone switches on. */
export function providersFrom(
  written: z.output<typeof providersSchema>,
  { env, folder, kubernetes }: Omit<ProviderContext, "report" | "source">,
  report: Report,
): ProviderSettings[] {
  const fromFile = Object.entries(written).map(([name, one]) =>
    providerFrom(name, one, { env, folder, kubernetes, report, source: `providers.${name}` }),
  );
  const known = new Set(Object.keys(written));
  const fromEnvironment = switchedOn(env)
    .filter(({ name }) => !known.has(name))
    .map(({ name, variable }) =>
      providerFrom(name, provider.parse({}, readOnce), {
        env,
        folder,
        kubernetes,
        report,
        source: `environment ${variable}`,
      }),
    );
  return [...fromFile, ...fromEnvironment].filter((one) => one !== undefined);
}
