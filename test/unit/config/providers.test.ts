import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { publishedPrices } from "#backends/llm/published-prices.ts";
import { providersFrom, providersSchema } from "#config/providers.ts";
import { ConfigFolder } from "../../support/config-folder.ts";
import { startTokens } from "../../support/token-double.ts";

function load(file: unknown, env: Record<string, string> = {}) {
  const problems: string[] = [];
  const written = providersSchema.parse(file);
  const providers = providersFrom(
    written,
    { env, folder: "/", kubernetes: undefined },
    (path, message) => {
      problems.push(`${path.join(".")}: ${message}`);
    },
  );
  return { providers, problems };
}

describe("providers", () => {
  it("are switched on by the environment alone, each by its key's own name", () => {
    const { providers } = load(undefined, {
      OPENAI_API_KEY: "sk-1",
      OPENAI_BASE_URL: "http://127.0.0.1:9/v1",
      ANTHROPIC_API_KEY: "sk-2",
      GROK_API_KEY: "xai-3",
      GEMINI_API_KEY: "g-4",
      OLLAMA_HOST: "gpu-box",
    });
    expect(
      providers.map(({ name, dialect, keys, endpoints, source }) => [
        name,
        dialect,
        keys,
        endpoints[0]?.baseUrl,
        source,
      ]),
    ).toEqual([
      ["openai", "openai-chat", ["sk-1"], "http://127.0.0.1:9/v1", "environment OPENAI_API_KEY"],
      [
        "anthropic",
        "anthropic",
        ["sk-2"],
        "https://api.anthropic.com",
        "environment ANTHROPIC_API_KEY",
      ],
      ["xai", "openai-chat", ["xai-3"], "https://api.x.ai/v1", "environment GROK_API_KEY"],
      [
        "google",
        "gemini",
        ["g-4"],
        "https://generativelanguage.googleapis.com",
        "environment GEMINI_API_KEY",
      ],
      ["ollama", "ollama", [], "http://gpu-box:11434", "environment OLLAMA_HOST"],
    ]);
  });

  it("have the names that people call their models by, where the provider is the preset's own", () => {
    const { providers } = load(
      { prod: { preset: "anthropic", api_key: "k" } },
      { ANTHROPIC_API_KEY: "a", XAI_API_KEY: "b", GEMINI_API_KEY: "c" },
    );
    expect(providers.map(({ name, aliases }) => [name, aliases])).toEqual([
      ["prod", undefined],
      ["anthropic", ["claude"]],
      ["xai", ["grok"]],
      ["google", ["gemini"]],
    ]);
  });

  it("that are called with their clients' credentials have none of their own", () => {
    const { providers, problems } = load(
      { anthropic: { credentials: "client" } },
      { ANTHROPIC_API_KEY: "sk-of-the-gateway" },
    );
    expect(problems).toEqual([]);
    expect(providers).toMatchObject([{ name: "anthropic", keys: [], credentials: "client" }]);
    expect(load({ openai: { credentials: "client", api_key: "k" } }).problems).toEqual([
      "providers.openai.credentials: `client` cannot be combined with a key",
    ]);
  });

  it("have prices by model, of each kind of token and of long prompts where they are named, and a model for calls that name none", () => {
    const prices = {
      a: { input: 1, output: 2 },
      b: { input: 1, output: 2, cache_read: 0.1, cache_write: 1.25 },
      c: {
        ...{ input: 1, output: 2, cache_write_long: 3, audio_input: 4, audio_output: 5 },
        above: { prompt_tokens: 200_000, input: 6, output: 7, cache_read: 0.6 },
      },
    };
    const { providers } = load({ openai: { api_key: "k", prices, default_model: "a" } });
    expect(providers[0]?.prices).toEqual({
      a: { input: 1, output: 2 },
      b: { input: 1, output: 2, cacheRead: 0.1, cacheWrite: 1.25 },
      c: {
        ...{ input: 1, output: 2, cacheWriteLong: 3, audioInput: 4, audioOutput: 5 },
        above: { promptTokens: 200_000, price: { input: 6, output: 7, cacheRead: 0.6 } },
      },
    });
    expect(providers[0]?.defaultModel).toBe("a");
    expect(load({ openai: { api_key: "k" } }).providers[0]).not.toHaveProperty("defaultModel");
  });

  it("have the prices that were published where they are called at the vendor's own address", () => {
    const published = publishedPrices.openai ?? {};
    expect(published["gpt-5"]).toEqual({ input: 1.25, output: 10, cacheRead: 0.125 });
    const priced = (section: object, env?: Record<string, string>) =>
      load(section, env).providers.map((provider) => provider.publishedPrices);
    expect(priced({ openai: { api_key: "k" } })).toEqual([published]);
    expect(priced({ mine: { preset: "openai", api_key: "k" } })).toEqual([published]);
    expect(priced({ mine: { dialect: "openai-responses", api_key: "k" } })).toEqual([published]);
    expect(priced({ ollama: {} })).toEqual([undefined]);
    const elsewhere = "http://127.0.0.1:1/v1";
    expect(priced({ openai: { api_key: "k", base_url: elsewhere } })).toEqual([undefined]);
    const env = { OPENAI_API_KEY: "k", OPENAI_BASE_URL: elsewhere };
    expect(priced({}, env)).toEqual([undefined]);
  });

  it("that have no address of their own need one beside their key to be switched on", () => {
    const key = { AZURE_OPENAI_API_KEY: "k" };
    expect(load(undefined, key).providers).toEqual([]);
    const { providers } = load(undefined, { ...key, AZURE_OPENAI_BASE_URL: "https://a.example" });
    expect(providers.map(({ name, endpoints }) => [name, endpoints[0]?.baseUrl])).toEqual([
      ["azure", "https://a.example"],
    ]);
  });

  it("of the file have what their preset, or their dialect, has", () => {
    const { providers, problems } = load({
      claude: { dialect: "anthropic", api_keys: ["k1", "k2"] },
      gpu: {
        dialect: "openai",
        endpoints: [
          { base_url: "http://10.0.0.5:8000/v1", weight: 2 },
          { base_url: "http://10.0.0.6:8000/v1" },
        ],
      },
      xai: { priority: 2, max_concurrent: 15, weights: { cost: 50, latency: 30 }, api_key: "k" },
    });
    expect(problems).toEqual([]);
    expect(providers).toMatchObject([
      {
        name: "claude",
        dialect: "anthropic",
        keyHeader: "x-api-key",
        keys: ["k1", "k2"],
        endpoints: [{ id: "claude" }],
      },
      {
        name: "gpu",
        dialect: "openai-chat",
        profile: "compatible",
        endpoints: [
          { id: "gpu-1", weight: 2 },
          { id: "gpu-2", weight: 1 },
        ],
      },
      { name: "xai", profile: "xai", concurrentMax: 15, weights: { cost: 50, latency: 30 } },
    ]);
    // Nothing waits for a place unless that is asked for.
    expect(providers[2]?.queue).toEqual({ callsMax: 0, waitMs: 10_000 });
  });

  it.each([
    ["that of the vendor that calls go to", { mine: { dialect: "anthropic" } }, "anthropic"],
    ["the conventions' word for it", { xai: {} }, "x_ai"],
    [
      "that of who runs it at an address of one's own",
      { azure: { base_url: "https://a.example.com" } },
      "azure.ai.openai",
    ],
    [
      "its own where calls go elsewhere",
      { openai: { base_url: "https://proxy.example.com/v1" } },
      "openai",
    ],
    [
      "its own, whatever its dialect is",
      { gpu: { dialect: "openai", base_url: "http://10.0.0.5/v1" } },
      "gpu",
    ],
    ["its own where the conventions know none", { groq: {} }, "groq"],
  ])("are called in metrics of GenAI by one name: %s", (_name, file, genAiName) => {
    expect(load(file).providers[0]?.genAiName).toBe(genAiName);
  });

  it("of the file win over the environment, whose key still counts", () => {
    const { providers } = load(
      { openai: { base_url: "https://proxy.example.com/v1" } },
      { OPENAI_API_KEY: "sk-1" },
    );
    expect(providers).toHaveLength(1);
    expect(providers[0]).toMatchObject({
      keys: ["sk-1"],
      endpoints: [{ baseUrl: "https://proxy.example.com/v1" }],
    });
  });

  it("that contradict themselves are reported with their place", () => {
    const { problems } = load({
      what: {},
      azure: { api_key: "k" },
      openai: {
        api_key: "k",
        api_keys: ["k"],
        base_url: "https://a.example",
        endpoints: [{ base_url: "https://b.example" }],
      },
    });
    expect(problems).toEqual([
      "providers.what: needs a dialect or a preset",
      "providers.azure: needs a base_url: every account has its own",
      "providers.openai.api_keys: cannot be combined with api_key",
      "providers.openai.endpoints: cannot be combined with base_url",
    ]);
  });

  it("may be at every address of a name, instead of at their preset's", () => {
    const { providers, problems } = load(
      {
        scaled: { dialect: "openai", discovery: { dns: "vllm.prod.svc:8000", path: "/v1" } },
        openai: {
          api_key: "k",
          discovery: { dns: "_llm._tcp.consul", scheme: "https", servers: ["[::1]:8600"] },
        },
        both: { dialect: "openai", base_url: "https://a.example", discovery: { dns: "a:1" } },
      },
      { OPENAI_BASE_URL: "http://127.0.0.1:9/v1" },
    );
    expect(providers[0]).toMatchObject({
      profile: "compatible",
      endpoints: [],
      discovery: {
        ...{ source: "dns", written: "vllm.prod.svc:8000", name: "vllm.prod.svc" },
        ...{ records: "addresses", port: 8000 },
        ...{ host: "vllm.prod.svc", scheme: "http", path: "/v1", servers: [] },
        ...{ intervalMs: 30_000, endpointsMax: 64 },
      },
    });
    expect(providers[1]).toMatchObject({
      endpoints: [],
      discovery: {
        ...{ name: "_llm._tcp.consul", records: "services", host: "consul", scheme: "https" },
        ...{ path: "", servers: ["[::1]:8600"] },
      },
    });
    expect(problems).toEqual(["providers.both.discovery: cannot be combined with base_url"]);
  });

  it("on Vertex AI are a project's, at its location, by the key file of a service account", async () => {
    await using tokens = await startTokens();
    using files = new ConfigFolder({ "account.json": tokens.keyFile, "none.json": "{}" });
    const env = {
      AI_GATEWAY_API_KEY: "vertex",
      GOOGLE_APPLICATION_CREDENTIALS: join(files.path, "account.json"),
    };
    const [byWord] = load(undefined, env).providers;
    expect(byWord).toMatchObject({
      ...{ name: "vertex", dialect: "gemini", keys: [], keyHeader: "bearer" },
      source: "environment AI_GATEWAY_API_KEY",
      endpoints: [{ baseUrl: "https://aiplatform.googleapis.com" }],
      vertex: { project: "project-of-file", location: "global" },
    });
    const [placed] = load(undefined, {
      ...env,
      GOOGLE_CLOUD_PROJECT: "other",
      GOOGLE_CLOUD_LOCATION: "us-central1",
    }).providers;
    expect(placed).toMatchObject({
      endpoints: [{ baseUrl: "https://us-central1-aiplatform.googleapis.com" }],
      vertex: { project: "other", location: "us-central1" },
    });
    const { problems } = load({
      mine: {
        ...{ preset: "vertex", api_key: "k", dialect: "anthropic", location: "a/../b" },
        credentials_file: join(files.path, "account.json"),
      },
      other: { preset: "vertex", credentials_file: join(files.path, "none.json") },
      absent: { preset: "vertex", credentials_file: join(files.path, "absent.json") },
      openai: { api_key: "k", project: "p" },
    });
    expect(problems).toEqual([
      "providers.mine.dialect: is not spoken there",
      "providers.mine.api_key: has no effect: a service account signs",
      "providers.mine.location: is no name of a location such as us-central1",
      "providers.other.credentials_file: is not the key of a service account",
      "providers.absent.credentials_file: cannot be read",
      "providers.openai.project: is of the preset `vertex`",
    ]);
  });

  it.each([
    ["a name without a port", { dns: "vllm.prod.svc" }],
    ["an address, which needs no name server", { dns: "10.0.0.5:8000" }],
    ["port 0", { dns: "vllm:0" }],
    ["a port that is none", { dns: "vllm:65536" }],
    ["an address of the web", { dns: "http://vllm:8000" }],
    ["a service with a port", { dns: "_a._tcp.vllm:1" }],
    ["a name server by name", { dns: "vllm:1", servers: ["dns.example"] }],
    ["a name server's port that is none", { dns: "vllm:1", servers: ["10.0.0.1:0"] }],
    ["more endpoints than there may be", { dns: "vllm:1", max_endpoints: 1_001 }],
    ["no pause at all", { dns: "vllm:1", interval: 0 }],
    ["a path with a query", { dns: "vllm:1", path: "/v1?x" }],
  ])("refuse to be found by %s", (_name, discovery) => {
    const one = { dialect: "openai", discovery };
    expect(providersSchema.safeParse({ one }).success).toBe(false);
  });

  it.each([
    ["a query", { base_url: "https://a.example?x=1" }],
    ["a password", { base_url: "https://u:p@a.example" }],
    ["another scheme", { base_url: "ftp://a.example" }],
    ["a key with a line break", { api_key: "a\nb" }],
    ["an unknown key", { baseurl: "https://a.example" }],
  ])("refuse %s", (_name, one) => {
    expect(providersSchema.safeParse({ openai: one }).success).toBe(false);
  });
});
