/** Loading: the seeds' file as written, which layer wins, every problem with its place. */

import { createHash } from "node:crypto";
import { getHeapStatistics } from "node:v8";
import { describe, expect, test } from "vitest";
import { loadSettings } from "#config/load.ts";
import type { Settings } from "#config/settings.ts";
import { problemText } from "#yaml/problem.ts";
import { ConfigFolder, loadYaml, problemsOf, settingsOf } from "../../support/config-folder.ts";

const seedYaml = `gateway:
  port: 8080
  host: "0.0.0.0"
  timeout: "30s"
  max_request_size: "10MB"
cors:
  enabled: true
  origins: ["*"]
  methods: ["GET", "POST", "OPTIONS"]
  headers: ["Content-Type", "Authorization"]
auth:
  enabled: true
  type: "bearer"   # bearer, basic, apikey
  secret_key: "\${AUTH_SECRET_KEY}"
rate_limiting:
  enabled: true
  requests_per_minute: 60
  burst: 10
  cleanup_interval: "1m"
load_balancer:
  algorithm: "round_robin"   # round_robin, least_connections, weighted
  health_check_interval: "10s"
  retry_attempts: 3
cores:
  - url: "http://localhost:8001"
    weight: 1
  - url: "http://localhost:8002"
    weight: 2
logging:
  level: "info"
  format: "json"
  output: "stdout"
metrics:
  enabled: true
  port: 9090
  path: "/metrics"
`;

const none = (env = {}, argv: string[] = []) => loadSettings({ argv, env, cwd: "/" });
const sha256 = (key: string) => createHash("sha256").update(key).digest("hex");
const everything = [
  "rpc",
  "rest",
  "openai",
  "anthropic",
  "gemini",
  "oip",
  "tfserving",
  "portal",
  "admin",
  "metrics",
];

describe("what loads", () => {
  test("AI_GATEWAY_API_KEY=local switches Ollama on and is no key; any other word is a caller's key", () => {
    const local = settingsOf(none({ AI_GATEWAY_API_KEY: "local" }));
    expect(local.auth).toMatchObject({ enabled: false, keys: [] });
    expect(local.providers).toMatchObject([
      { name: "ollama", source: "environment AI_GATEWAY_API_KEY", keys: [] },
    ]);
    expect(local.providers[0]?.endpoints[0]?.baseUrl).toBe("http://127.0.0.1:11434");
    const quoted = settingsOf(none({ AI_GATEWAY_API_KEY: "'local'" }));
    expect(quoted.auth.keys).toEqual([]);
    expect(quoted.providers.map(({ name }) => name)).toEqual(["ollama"]);
    const key = settingsOf(none({ AI_GATEWAY_API_KEY: "localhost" }));
    expect(key.providers).toEqual([]);
    expect(key.auth.keys).toMatchObject([
      { name: "AI_GATEWAY_API_KEY", sha256: sha256("localhost"), scopes: ["admin"] },
    ]);
  });

  test("buffers hold a tenth of V8's heap limit, at most 1 GiB, but two requests at least", () => {
    const derived = Math.min(Math.floor(getHeapStatistics().heap_size_limit / 10), 1024 ** 3);
    expect(settingsOf(none()).bufferBytesMax).toBe(derived);
    const large = settingsOf(none({ MAX_FILE_SIZE: "2GB" }));
    expect(large.bufferBytesMax).toBe(4 * 1024 ** 3);
    expect(settingsOf(loadYaml("gateway: {buffer_limit: 64MB}\n")).bufferBytesMax).toBe(64 << 20);
  });

  test("connections of one address have a bound of their own where one is named", () => {
    expect(settingsOf(none())).not.toHaveProperty("connectionsPerAddressMax");
    const settings = settingsOf(loadYaml("gateway: {connections_per_address: 7}\n"));
    expect(settings.connectionsPerAddressMax).toBe(7);
  });

  test("one kept response may take 1 MB, and never more than all of them", () => {
    expect(settingsOf(none()).cache).toMatchObject({ bytesMax: 64 << 20, entryBytesMax: 1 << 20 });
    const small = settingsOf(loadYaml("cache: {max_size: 10kB}\n")).cache;
    expect(small).toMatchObject({ bytesMax: 10 << 10, entryBytesMax: 10 << 10 });
  });

  test("nothing said: one open listener, embedded core, no limits", () => {
    const settings = settingsOf(none());
    expect(settings).toMatchObject({
      environment: "development",
      listeners: [{ name: "gateway", host: "0.0.0.0", port: 8080, serves: everything }],
      request: { bytesMax: 10_485_760, timeoutMs: 30_000 },
      auth: {
        ...{ enabled: false, keys: [], anonymousScopes: ["route"], failuresPerMinute: 30 },
        forwardsCredentials: false,
      },
      chat: { algorithm: "round_robin", cores: [], retryAttempts: 3 },
      logging: { level: "info", format: "json", output: "stdout", routing: false },
      metrics: { enabled: true, path: "/metrics" },
      unused: [],
      warnings: [],
    });
    expect(settings).not.toHaveProperty("cors");
    expect(settings).not.toHaveProperty("rateLimit");
    expect(settings.onnx.repositoryPath).toMatch(/\/models$/);
  });

  test("the file of the earlier gateway, as written", () => {
    const key = "a-key-of-the-operator";
    const settings = settingsOf(loadYaml(seedYaml, { AUTH_SECRET_KEY: key }));
    expect(settings.auth.tokens?.secrets.map((secret) => secret.export().toString())).toEqual([
      key,
    ]);
    expect(settings).toMatchObject({
      listeners: [
        { name: "gateway", host: "0.0.0.0", port: 8080, serves: everything },
        { name: "metrics", host: "0.0.0.0", port: 9090, serves: ["metrics"] },
      ],
      cors: { origins: ["*"], methods: ["GET", "POST", "OPTIONS"], credentials: false },
      auth: {
        enabled: true,
        keys: [],
        tokens: { algorithms: ["HS256"] },
      },
      rateLimit: { client: { requests: { capacity: 10, perSecond: 1 } }, routes: [] },
      chat: {
        cores: [
          { id: "core-1", url: "http://localhost:8001", weight: 1, transport: "http2" },
          { id: "core-2", url: "http://localhost:8002", weight: 2 },
        ],
        healthIntervalMs: 10_000,
      },
      unused: ["rate_limiting.cleanup_interval"],
    });
  });

  test("a listener has engines of its own, the gateway's where it names none", () => {
    const yaml = `
gateway: {http1_engine: node}
listeners:
  - {name: a, port: 1}
  - {name: b, port: 2, http1_engine: polygate, http2_engine: node}
metrics: {port: 3}
`;
    const { listeners } = settingsOf(loadYaml(yaml));
    expect(listeners).toMatchObject([
      { name: "a", http1Engine: "node", http2Engine: "polygate" },
      { name: "b", http1Engine: "polygate", http2Engine: "node" },
      { name: "metrics", http1Engine: "node", http2Engine: "polygate" },
    ]);
  });

  test("settings are frozen all the way down", () => {
    const frozen = (value: unknown): boolean =>
      typeof value !== "object" ||
      value === null ||
      (Object.isFrozen(value) && Object.values(value).every(frozen));
    expect(frozen(settingsOf(loadYaml(seedYaml, { AUTH_SECRET_KEY: "x" })))).toBe(true);
  });

  test("paths count from the file's folder, and TLS files must be fit for use", () => {
    const yaml =
      "listeners: [{name: tls, port: 8443, tls: {cert_file: c.pem, key_file: k.pem, client_auth: require}}]\nmodels: {path: nowhere}\n";
    using folder = new ConfigFolder({ "gateway.yaml": yaml, "c.pem": "certificate" });
    expect(problemsOf(folder.load())).toEqual([
      "gateway.yaml:1:42: listeners[0].tls.ca_file: is required to check client certificates",
      "gateway.yaml:1:54: listeners[0].tls.cert_file: holds no PEM certificate",
      "gateway.yaml:1:71: listeners[0].tls.key_file: cannot be read",
      "gateway.yaml:2:16: models.path: cannot be read",
    ]);
  });

  test("aliases are followed, empty sections and files are as if they were not there", () => {
    expect(settingsOf(loadYaml("cors:\ngateway: &a {host: '::1'}\n")).listeners[0]?.host).toBe(
      "::1",
    );
    expect(settingsOf(loadYaml("# nothing\n")).listeners).toHaveLength(1);
    const yaml = "cores: [&one {url: 'http://a:1'}, {url: 'http://b:1'}, *one]\n";
    expect(settingsOf(loadYaml(yaml)).chat.cores.map(({ id, url }) => [id, url])).toEqual([
      ["core-1", "http://a:1"],
      ["core-2", "http://b:1"],
    ]);
  });
});

describe("which layer wins", () => {
  const yaml = "gateway: {port: 1000}\nlogging: {level: warn}\n";
  const rows: readonly {
    name: string;
    env?: Record<string, string>;
    argv?: string[];
    read: (settings: Settings) => unknown;
    is: unknown;
  }[] = [
    { name: "the file beats the default", read: ({ listeners: [one] }) => one?.port, is: 1000 },
    {
      name: "the environment beats the file",
      env: { GATEWAY_PORT: "2000" },
      read: ({ listeners: [one] }) => one?.port,
      is: 2000,
    },
    {
      name: "a flag beats the environment",
      env: { GATEWAY_PORT: "2000" },
      argv: ["--port", "3000"],
      read: ({ listeners: [one] }) => one?.port,
      is: 3000,
    },
    {
      name: "an empty variable says nothing",
      env: { GATEWAY_PORT: "" },
      read: ({ listeners: [one] }) => one?.port,
      is: 1000,
    },
    {
      name: "several ports by flag replace the file's one",
      argv: ["--ports", "1,2"],
      read: ({ listeners }) => listeners.map(({ port }) => port),
      is: [1, 2],
    },
    {
      name: "several ports may be written apart",
      argv: ["--ports", "8000", "9000"],
      read: ({ listeners }) => listeners.map(({ name, port }) => [name, port]),
      is: [
        ["gateway-1", 8000],
        ["gateway-2", 9000],
      ],
    },
    {
      name: "engines by environment are every listener's",
      env: { HTTP1_ENGINE: "Node", HTTP2_ENGINE: "node", PORTAL_PORT: "80", API_PORT: "443" },
      read: ({ listeners }) =>
        listeners.map(({ http1Engine, http2Engine }) => [http1Engine, http2Engine]),
      is: [
        ["node", "node"],
        ["node", "node"],
      ],
    },
    {
      name: "portal and API ports make two listeners",
      env: { PORTAL_PORT: "80", API_PORT: "443" },
      read: ({ listeners }) => listeners.map(({ name, port }) => [name, port]),
      is: [
        ["portal", 80],
        ["api", 443],
      ],
    },
    {
      name: "one of the two brings the other's default",
      argv: ["--api-port", "9000"],
      read: ({ listeners }) => listeners.map(({ name, port }) => [name, port]),
      is: [
        ["portal", 8080],
        ["api", 9000],
      ],
    },
    {
      name: "portal by environment and API by flag belong together",
      env: { PORTAL_PORT: "80" },
      argv: ["--api-port", "9000"],
      read: ({ listeners }) => listeners.map(({ port }) => port),
      is: [80, 9000],
    },
    {
      name: "LOG_LEVEL is read in any case",
      env: { LOG_LEVEL: "WARNING" },
      read: ({ logging }) => logging.level,
      is: "warn",
    },
    {
      name: "DEBUG asks for debug lines",
      env: { DEBUG: "true" },
      read: ({ logging }) => logging.level,
      is: "debug",
    },
    {
      name: "LOG_LEVEL beats DEBUG",
      env: { DEBUG: "1", LOG_LEVEL: "error" },
      read: ({ logging }) => logging.level,
      is: "error",
    },
    {
      name: "another program's DEBUG is none of ours",
      env: { DEBUG: "express:*" },
      read: ({ logging }) => logging.level,
      is: "warn",
    },
    {
      name: "requests a window set rate and burst",
      env: { RATE_LIMIT_REQUESTS: "100", RATE_LIMIT_WINDOW: "50" },
      read: ({ rateLimit }) => rateLimit?.client,
      is: { requests: { capacity: 100, perSecond: 2 } },
    },
    {
      name: "limits can be switched off",
      env: { RATE_LIMIT_REQUESTS: "100", RATE_LIMIT_ENABLED: "False" },
      read: ({ rateLimit }) => rateLimit,
      is: undefined,
    },
    {
      name: "TWIN_URL is one more core",
      env: { TWIN_URL: "http://twin:8001" },
      read: ({ chat }) => chat.cores,
      is: [
        {
          ...{ id: "core-1", url: "http://twin:8001", weight: 1, transport: "http2" },
          ...{ service: "twin", protocol: "auto" },
        },
      ],
    },
    {
      name: "services of questions are asked one after the other, whatever they speak",
      env: {
        KNOWLEDGE_SYSTEM_URL: "grpcs://knowledge:8003",
        AGENT_CONTROLLER_URL: "http://agents:8002",
      },
      read: ({ chat }) => [chat.cores, chat.queries],
      is: [
        [],
        [
          {
            ...{ id: "agent_controller-1", url: "http://agents:8002", weight: 1 },
            ...{ service: "agent_controller", protocol: "auto", transport: "http2" },
          },
          {
            ...{ id: "knowledge_system-1", url: "https://knowledge:8003", weight: 1 },
            ...{ service: "knowledge_system", protocol: "grpc", transport: "http2" },
          },
        ],
      ],
    },
    {
      name: "origins come as a list",
      env: { CORS_ORIGINS: "http://a, http://b" },
      read: ({ cors }) => cors?.origins,
      is: ["http://a", "http://b"],
    },
    {
      name: "time for one try comes in milliseconds",
      env: { LOAD_BALANCER_TIMEOUT_MS: "1500" },
      read: ({ chat }) => chat.attemptTimeoutMs,
      is: 1500,
    },
    {
      name: "health checks are timed in seconds",
      env: { HEALTH_CHECK_TIMEOUT: "5" },
      read: ({ chat }) => chat.healthTimeoutMs,
      is: 5000,
    },
    {
      name: "retries",
      env: { LOAD_BALANCER_MAX_RETRIES: "0" },
      read: ({ chat }) => chat.retryAttempts,
      is: 0,
    },
    {
      name: "metrics can be switched off, on every listener",
      env: { ENABLE_METRICS: "false" },
      read: ({ listeners, metrics }) => [metrics.enabled, listeners[0]?.serves],
      is: [false, everything.slice(0, -1)],
    },
    {
      name: "the largest file bounds uploads alone",
      env: { MAX_FILE_SIZE: "1048576" },
      read: ({ request }) => [request.fileBytesMax, request.bytesMax],
      is: [1_048_576, 10 << 20],
    },
    {
      name: "a key in the environment switches auth on",
      env: { API_KEY: "k" },
      read: ({ auth }) => auth,
      is: {
        enabled: true,
        keys: [{ name: "API_KEY", sha256: sha256("k"), scopes: ["admin"] }],
        anonymousScopes: [],
        failuresPerMinute: 30,
        forwardsCredentials: false,
      },
    },
    ...["SECRET_KEY", "AUTH_SECRET_KEY"].map((name) => ({
      name: `${name} switches auth on, is no key, and leaves a warning that says so`,
      env: { [name]: "a-secret-of-tokens-0123456789-0123456789" },
      read: ({ auth, warnings }: Settings) => [
        ...[auth.enabled, auth.keys, auth.tokens?.algorithms],
        warnings.map(({ message }) => message),
      ],
      is: [
        ...[true, [], ["HS256"]],
        ["signs tokens and is no key any more, and there is no other key"],
      ],
    })),
    {
      name: "a secret beside a key leaves no warning",
      env: { API_KEY: "k", SECRET_KEY: "a-secret-of-tokens-0123456789-0123456789" },
      read: ({ auth, warnings }) => [auth.keys.length, auth.tokens?.secrets.length, warnings],
      is: [1, 1, []],
    },
    {
      name: "a secret that is a key as well leaves one, and so does a short one",
      env: { API_KEY: "k", SECRET_KEY: "k" },
      read: ({ warnings }) => warnings.map(({ message }) => message),
      is: [
        "is shorter than the 32 characters that signing asks for",
        "is also the key API_KEY: whoever has it can sign tokens for anybody",
      ],
    },
    {
      name: "two secrets are both good, the one of AUTH_SECRET_KEY first",
      env: { API_KEY: "k", SECRET_KEY: "b".repeat(32), AUTH_SECRET_KEY: "a".repeat(32) },
      read: ({ auth }) => auth.tokens?.secrets.map((secret) => secret.export().toString()[0]),
      is: ["a", "b"],
    },
    {
      name: "one key under two names counts once",
      env: { API_KEY: "k", AI_GATEWAY_API_KEY: "k" },
      read: ({ auth }) => auth.keys.length,
      is: 1,
    },
    {
      name: "DEBUG=load-balancer:* asks for the lines of routing, and for nothing else",
      env: { DEBUG: "express:*,load-balancer:*" },
      read: ({ logging }) => [logging.routing, logging.level],
      is: [true, "warn"],
    },
    {
      name: "DEBUG of other programs asks for nothing",
      env: { DEBUG: "my-load-balancer:*" },
      read: ({ logging }) => [logging.routing, logging.level],
      is: [false, "warn"],
    },
    {
      name: "what has no effect is told",
      env: {
        LOAD_BALANCER_WEIGHT_XAI: "1",
        LOAD_BALANCER_XAI_WEIGHT: "1",
        UNRELATED: "z",
      },
      read: ({ unused }) => unused,
      is: ["LOAD_BALANCER_WEIGHT_XAI", "LOAD_BALANCER_XAI_WEIGHT"],
    },
  ];
  test.each(rows)("$name", ({ env, argv, read, is }) => {
    expect(read(settingsOf(loadYaml(yaml, env, argv)))).toEqual(is);
  });

  test("rates per minute become rates per second, those of routes as well", () => {
    const limits = `rate_limiting:
  requests_per_minute: 120
  burst: 5
  routes:
    - { match: /predict/, requests_per_minute: 30, burst: 3 }
    - { match: /polygate.v1.ChatService/, requests_per_minute: 600 }
`;
    expect(settingsOf(loadYaml(limits)).rateLimit).toEqual({
      client: { requests: { capacity: 5, perSecond: 2 } },
      address: {},
      routes: [
        {
          match: "/predict/",
          by: "client",
          terms: { requests: { capacity: 3, perSecond: 0.5 } },
        },
        {
          match: "/polygate.v1.ChatService/",
          by: "client",
          terms: { requests: { capacity: 5, perSecond: 10 } },
        },
      ],
      models: [],
      providers: new Map(),
      outputTokens: 512,
      clientsMax: 100_000,
    });
  });

  test("limits of every tier, in requests, tokens and money", () => {
    const limits = `rate_limiting:
  requests_per_minute: 600
  tokens_per_minute: 60000
  concurrent_max: 8
  budget: { usd: 20, on_exceeded: warn }
  output_tokens: 1000
  addresses: { requests_per_minute: 1200, burst: 300, concurrent_max: 100 }
  routes:
    - { match: /v1/, by: all, requests_per_minute: 6000, tokens_per_minute: 600000 }
  models:
    - { match: "gpt-*", tokens_per_minute: 120000, budget: { usd: 5.5, period: day } }
    - { match: openai/o3, by: client, requests_per_minute: 5, concurrent_max: 2 }
  providers:
    - { provider: openai, requests_per_minute: 90 }
providers: { openai: { api_key: k } }
`;
    expect(settingsOf(loadYaml(limits)).rateLimit).toEqual({
      client: {
        requests: { capacity: 10, perSecond: 10 },
        tokens: { capacity: 60_000, perSecond: 1_000 },
        concurrentMax: 8,
        budget: { usd: 20, period: "month", onExceeded: "warn" },
      },
      address: { requests: { capacity: 300, perSecond: 20 }, concurrentMax: 100 },
      routes: [
        {
          match: "/v1/",
          by: "all",
          terms: {
            requests: { capacity: 10, perSecond: 100 },
            tokens: { capacity: 600_000, perSecond: 10_000 },
          },
        },
      ],
      models: [
        {
          match: "gpt-*",
          by: "all",
          terms: {
            tokens: { capacity: 120_000, perSecond: 2_000 },
            budget: { usd: 5.5, period: "day", onExceeded: "block" },
          },
        },
        {
          match: "openai/o3",
          by: "client",
          terms: { requests: { capacity: 1, perSecond: 5 / 60 }, concurrentMax: 2 },
        },
      ],
      providers: new Map([["openai", { requests: { capacity: 9, perSecond: 1.5 } }]]),
      outputTokens: 1_000,
      clientsMax: 100_000,
    });
  });

  test.each([
    ["models: [{ match: gpt-4o }]", "rate_limiting.models[0]", "names no limit"],
    [
      "providers: [{ provider: openai, burst: 3 }]",
      "rate_limiting.providers[0].burst",
      "needs `requests_per_minute`",
    ],
    [
      "models: [{ match: a, concurrent_max: 1 }, { match: a, concurrent_max: 2 }]",
      "rate_limiting.models[1]",
      'names "a" again',
    ],
    [
      "providers: [{ provider: opnai, burst: 3, requests_per_minute: 1 }]",
      "rate_limiting.providers[0].provider",
      "is no provider",
    ],
    ["addresses: { burst: 3 }", "rate_limiting.addresses.burst", "needs `requests_per_minute`"],
    ["budget: { usd: 0 }", "rate_limiting.budget.usd", "a number above 0"],
    ["budget: { usd: 1, period: year }", "rate_limiting.budget.period", "month"],
  ])("a limit that is none is refused by name: %s", (entry, path, words) => {
    const text = problemsOf(
      loadYaml(`providers: { openai: { api_key: k } }\nrate_limiting: { ${entry} }`),
    ).join("\n");
    expect(text).toContain(path);
    expect(text).toContain(words);
  });

  test.each([
    [{ LOAD_BALANCER_WEIGHT_COST: "30" }, []],
    [{ LOAD_BALANCER_WEIGHT_COST: "50", LOAD_BALANCER_LATENCY_WEIGHT: "20" }, []],
    [
      {
        LOAD_BALANCER_WEIGHT_COST: "33.3",
        LOAD_BALANCER_WEIGHT_LATENCY: "33.3",
        LOAD_BALANCER_WEIGHT_RELIABILITY: "33.4",
      },
      [],
    ],
    [{ LOAD_BALANCER_WEIGHT_LOAD: "0", LOAD_BALANCER_WEIGHT_PRIORITY: "5" }, []],
    [
      { LOAD_BALANCER_WEIGHT_COST: "50" },
      [
        "environment LOAD_BALANCER_WEIGHT_*: weights of cost, latency and reliability sum up to 120, not to 100",
      ],
    ],
  ])(
    "weights %o that do not sum up to 100 are taken as shares, and a warning says so",
    (env, told) => {
      const { warnings } = settingsOf(loadYaml(yaml, env));
      expect(warnings.map(problemText)).toEqual(told.map((text) => expect.stringContaining(text)));
    },
  );

  test.each(["GATEWAY_PORT", "PORTAL_PORT", "API_PORT"])(
    "%s of a cluster's Service is no port: the file's stays, and a warning says so",
    (name) => {
      for (const address of ["tcp://10.96.0.12:8080", "udp://10.96.0.12:53"]) {
        const settings = settingsOf(loadYaml(yaml, { [name]: address }));
        expect(settings.listeners.map(({ port }) => port)).toEqual([1000]);
        expect(settings.warnings.map(problemText)).toEqual([
          expect.stringMatching(
            `^environment ${name}: holds an address, which is no port: ignored`,
          ),
        ]);
      }
    },
  );

  test.each([
    { name: "double quotes", env: { API_KEY: '"sekret-key"' }, read: `"` },
    { name: "single quotes", env: { API_KEY: "'sekret-key'" }, read: `'` },
  ])("$name that an env file keeps are removed, with a warning that holds no value", ({ env }) => {
    const { auth, warnings } = settingsOf(loadYaml(yaml, env));
    expect(auth.keys).toMatchObject([{ name: "API_KEY", sha256: sha256("sekret-key") }]);
    expect(warnings.map(problemText)).toEqual([
      "environment API_KEY: its value is in quotes, which were removed (hint: an env file of Docker keeps quotes: write the value without them)",
    ]);
  });

  test("quotes are removed from every variable: ports, lists, paths, and what a file takes", () => {
    using folder = new ConfigFolder({
      "gateway.yaml": `auth: {keys: [{name: a, key: '\${TEAM_A}'}]}\n`,
    });
    const settings = settingsOf(
      loadSettings({
        argv: [],
        cwd: folder.path,
        env: {
          CONFIG_PATH: '"gateway.yaml"',
          GATEWAY_PORT: "'2000'",
          CORS_ORIGINS: '"http://a","http://b"',
          TEAM_A: '"sekret-key"',
        },
      }),
    );
    expect(settings).toMatchObject({
      listeners: [{ port: 2000 }],
      cors: { origins: ["http://a", "http://b"] },
      auth: { keys: [{ sha256: sha256("sekret-key") }] },
    });
  });

  test("log lines are text on a terminal and JSON elsewhere, unless the format is named", () => {
    const format = (yaml: string, terminals: readonly ("stdout" | "stderr")[]) => {
      using folder = new ConfigFolder({ "gateway.yaml": yaml });
      const outside = { argv: ["--config", "gateway.yaml"], env: {}, cwd: folder.path };
      return settingsOf(loadSettings({ ...outside, terminals })).logging.format;
    };
    expect(format("", [])).toBe("json");
    expect(format("", ["stdout"])).toBe("text");
    expect(format("", ["stderr"])).toBe("json");
    expect(format("logging: {output: stderr}", ["stderr"])).toBe("text");
    expect(format("logging: {format: json}", ["stdout"])).toBe("json");
    expect(format("logging: {format: text}", [])).toBe("text");
  });

  test("CONFIG_PATH names the file, and --config beats it", () => {
    using folder = new ConfigFolder({
      "a.yaml": "gateway: {port: 1}",
      "b.yaml": "gateway: {port: 2}",
    });
    const load = (argv: string[]) =>
      settingsOf(loadSettings({ argv, env: { CONFIG_PATH: "a.yaml" }, cwd: folder.path }));
    expect(load([]).listeners[0]?.port).toBe(1);
    expect(load(["--config", "b.yaml"]).listeners[0]?.port).toBe(2);
  });
});

describe("what is refused, and where", () => {
  const rows: readonly {
    name: string;
    yaml?: string;
    env?: Record<string, string>;
    argv?: string[];
    problems: readonly unknown[];
  }[] = [
    {
      name: "an unknown key, with a guess",
      yaml: "gateway:\n  prot: 80\n",
      problems: ["gateway.yaml:2:3: gateway.prot: is not a known key (hint: did you mean port?)"],
    },
    {
      name: "a key of another section, with its place",
      yaml: "max_request_size: 1k\n",
      problems: [
        "gateway.yaml:1:1: max_request_size: is not a known key (hint: did you mean gateway.max_request_size?)",
      ],
    },
    {
      name: "an unknown section without a guess",
      yaml: "zebra: 1\n",
      problems: ["gateway.yaml:1:1: zebra: is not a known key"],
    },
    {
      name: "a wrong type",
      yaml: "gateway: [1]\n",
      problems: ["gateway.yaml:1:10: gateway: expected a mapping, got a list"],
    },
    {
      name: "a number, a text, nothing or a mapping in the place of something else",
      yaml: "gateway: 1\nrest: yes please\ncores: {}\nlisteners: [null]\n",
      problems: [
        "gateway.yaml:1:10: gateway: expected a mapping, got a number",
        "gateway.yaml:2:7: rest: expected a mapping, got text",
        "gateway.yaml:3:8: cores: expected a list, got a mapping",
        "gateway.yaml:4:13: listeners[0]: expected a mapping, got nothing",
      ],
    },
    {
      name: "a list without an entry",
      yaml: "listeners: []\n",
      problems: ["gateway.yaml:1:12: listeners: must not be empty"],
    },
    {
      name: "a key that is no text",
      yaml: "gateway: {[1, 2]: 3}\n",
      problems: ["gateway.yaml:1:10: gateway: has a key that is not plain text"],
    },
    {
      name: "a file that is no mapping",
      yaml: "- 1\n",
      problems: ["gateway.yaml:1:1: expected a mapping, got a list"],
    },
    {
      name: "a bad duration",
      yaml: "gateway:\n  timeout: 5 minutes\n",
      problems: [
        expect.stringMatching(
          /^gateway\.yaml:2:12: gateway\.timeout: expected a duration such as 30s/,
        ),
      ],
    },
    {
      name: "a bad size",
      yaml: "gateway: {max_request_size: lots}\n",
      problems: [
        expect.stringMatching(
          /^gateway\.yaml:1:29: gateway\.max_request_size: expected a size such as 10MB/,
        ),
      ],
    },
    {
      name: "buffers that one request of the greatest size and its decompressed form would not fit into",
      yaml: "gateway: {max_request_size: 10MB, buffer_limit: 19MB}\n",
      problems: [
        "gateway.yaml:1:49: gateway.buffer_limit: is less than twice `max_request_size` (hint: raise it)",
      ],
    },
    {
      name: "buffers that one upload of the greatest size would not fit into",
      yaml: "gateway: {max_file_size: 10MB, max_request_size: 1MB, buffer_limit: 19MB}\n",
      problems: [
        expect.stringContaining("gateway.buffer_limit: is less than twice `max_file_size`"),
      ],
    },
    {
      name: "a kept response that is larger than all of them may be",
      yaml: "cache: {max_size: 10kB, max_entry_size: 11kB}\n",
      problems: [
        "gateway.yaml:1:41: cache.max_entry_size: is more than `max_size` (hint: lower it)",
      ],
    },
    {
      name: "a value outside its bounds",
      yaml: "gateway: {port: 65536}\n",
      problems: ["gateway.yaml:1:17: gateway.port: expected an integer from 0 to 65535"],
    },
    {
      name: "a misspelt choice, with a guess",
      yaml: "load_balancer: {algorithm: roundrobin}\n",
      problems: [
        "gateway.yaml:1:28: load_balancer.algorithm: expected round_robin, least_connections or weighted (hint: did you mean round_robin?)",
      ],
    },
    {
      name: "something that is required",
      yaml: "cores:\n  - weight: 1\n",
      problems: ["gateway.yaml:2:5: cores[0].url: is required (hint: or `discovery`)"],
    },
    {
      name: "a variable that is not set",
      yaml: `cores:\n  - url: \${CORE_URL}\n`,
      problems: ["gateway.yaml:2:10: cores[0].url: environment variable CORE_URL is not set"],
    },
    {
      name: "passwords where there is no user",
      yaml: "auth: {type: basic, secret_key: a-secret-of-tokens-0123456789-0123456789}\n",
      problems: [
        "gateway.yaml:1:14: auth.type: is basic, but there is no user (hint: add one to auth.users)",
      ],
    },
    {
      name: "a core that is to be told what no one signs",
      yaml: `cores: [{url: "http://localhost:8001", identity: signed}]
auth: {secret_key: a-secret-of-tokens-0123456789-0123456789}\n`,
      problems: [
        "gateway.yaml:1:50: cores[0].identity: is signed, but there is nothing to sign with (hint: set auth.identity_key_file or auth.identity_secret)",
      ],
    },
    {
      name: "an identity that is signed with the secret of tokens",
      yaml: "auth: {secret_key: a-secret-of-tokens-0123456789-0123456789, identity_secret: a-secret-of-tokens-0123456789-0123456789}\n",
      problems: [
        "gateway.yaml:1:79: auth.identity_secret: signs tokens of callers too: cores could sign for anybody",
      ],
    },
    {
      name: "a key of identities that is none",
      yaml: "auth: {identity_key_file: none.pem}\n",
      problems: [
        "gateway.yaml:1:27: auth.identity_key_file: cannot be read as an Ed25519 private key in PEM",
      ],
    },
    {
      name: "a password that is no hash",
      yaml: "auth: {users: [{name: a, password_scrypt: secret}, {name: 'a:b', password_scrypt: x}]}\n",
      problems: [
        "gateway.yaml:1:43: auth.users[0].password_scrypt: expected a hash that `polygate keys hash --password` prints",
        "gateway.yaml:1:59: auth.users[1].name: expected a name of up to 64 characters without a colon",
        "gateway.yaml:1:83: auth.users[1].password_scrypt: expected a hash that `polygate keys hash --password` prints",
      ],
    },
    {
      name: "two places of public keys, none of which can be read",
      yaml: "auth: {jwt: {jwks_file: none.json, public_key_file: none.pem}}\n",
      problems: [
        "gateway.yaml:1:25: auth.jwt.jwks_file: cannot be read as a key for RS256, ES256 or EdDSA",
        "gateway.yaml:1:53: auth.jwt.public_key_file: cannot be combined with jwks_file",
      ],
    },
    {
      name: "an algorithm without a key",
      yaml: "auth: {jwt: {secret: a-secret-of-tokens-0123456789-0123456789, algorithms: [HS256, RS256]}}\n",
      problems: ["gateway.yaml:1:76: auth.jwt.algorithms: has RS256, for which there is no key"],
    },
    {
      name: "keys at an address that is none",
      yaml: "auth: {jwt: {jwks_url: 'file:///etc/passwd'}}\n",
      problems: ["gateway.yaml:1:24: auth.jwt.jwks_url: expected an http(s) URL without user"],
    },
    {
      name: "an entry that any certificate would fit, and a key that is named like another caller",
      yaml: "auth: {certificates: [{name: a}], keys: [{name: 'jwt:alice', key: k}]}\n",
      problems: [
        "gateway.yaml:1:23: auth.certificates[0]: names no common_name, dns, uri or email",
        "gateway.yaml:1:49: auth.keys[0].name: begins like the name of a caller who has no key (hint: rename it)",
      ],
    },
    {
      name: "a key that is named like those who have none",
      yaml: "auth: {keys: [{name: anonymous, key: k}]}\n",
      problems: [
        "gateway.yaml:1:22: auth.keys[0].name: is the name of every caller who has no key (hint: rename it)",
      ],
    },
    {
      name: "auth without a key",
      yaml: "auth: {enabled: true}\n",
      problems: [
        "gateway.yaml:1:7: auth: is on, but there is no key, so no one could call (hint: set API_KEY, auth.keys, auth.jwt or auth.users)",
      ],
    },
    {
      name: "a key said twice over",
      yaml: `auth: {keys: [{name: a, key: k, key_sha256: ${"f".repeat(64)}}, {name: b}]}\n`,
      problems: [
        "gateway.yaml:1:15: auth.keys[0]: takes exactly one of key and key_sha256",
        expect.stringMatching(/auth\.keys\[1\]: takes exactly one/),
      ],
    },
    {
      name: "one key with two sets of scopes",
      yaml: "auth:\n  keys:\n    - {name: a, key: k, scopes: [admin]}\n    - {name: b, key: k}\n",
      problems: ["gateway.yaml:4:7: auth.keys[1]: is the same key as that of a, with other rights"],
    },
    {
      name: "one name for two keys",
      yaml: "auth:\n  keys:\n    - {name: a, key: k}\n    - {name: a, key: l}\n",
      problems: ["gateway.yaml:4:7: auth.keys[1]: has the name of another key"],
    },
    {
      name: "a scope that nothing asks for",
      yaml: "auth: {anonymous_scopes: [amdin]}\n",
      problems: [
        "gateway.yaml:1:27: auth.anonymous_scopes[0]: expected admin, route, priority or batch (hint: did you mean admin?)",
      ],
    },
    {
      name: "ports named in two ways",
      yaml: "gateway: {port: 1, ports: [2]}\n",
      problems: [
        "gateway.yaml:1:27: gateway.ports: cannot be combined with port (hint: keep port, ports or portal_port and api_port)",
      ],
    },
    {
      name: "ports named in two ways by flags, by their names",
      argv: ["--port", "1", "--api-port", "2"],
      problems: [
        "flag --api-port: gateway.api_port: cannot be combined with port (hint: keep port, ports or portal_port and api_port)",
      ],
    },
    {
      name: "a flag's port that is the other listener's default, by its name",
      argv: ["--portal-port", "8081"],
      problems: [
        "flag --portal-port: gateway.portal_port: has the host and port of listener portal",
      ],
    },
    {
      name: "a host that is none",
      yaml: "gateway: {host: 'not a host'}\nlisteners: [{name: a, port: 1, host: '10.0.0.256'}, {name: b, port: 2, host: '[::1]'}]\n",
      problems: [
        "gateway.yaml:1:17: gateway.host: expected an IP address (IPv6 without brackets) or a host name",
        "gateway.yaml:2:38: listeners[0].host: expected an IP address (IPv6 without brackets) or a host name",
        "gateway.yaml:2:78: listeners[1].host: expected an IP address (IPv6 without brackets) or a host name",
      ],
    },
    {
      name: "a secret that YAML reads as a number, and a name that it reads as a truth value",
      yaml: "auth:\n  secret_key: 1234567890123456\n  keys: [{name: true, key: k}]\n",
      problems: [
        "gateway.yaml:2:15: auth.secret_key: expected a key of visible ASCII characters, got a number: put it in quotes",
        "gateway.yaml:3:17: auth.keys[0].name: expected a name of up to 64 characters, got a boolean: put it in quotes",
      ],
    },
    {
      name: "Vertex AI by its word, in an env file's quotes, without an account",
      env: { AI_GATEWAY_API_KEY: '"vertex"' },
      problems: [
        "defaults: providers.vertex.credentials_file: is required (hint: or GOOGLE_APPLICATION_CREDENTIALS: the key file of a service account)",
      ],
    },
    {
      name: "a port beside listeners, whoever says it",
      yaml: "listeners: [{name: a, port: 1}]\n",
      argv: ["--port", "2"],
      problems: [
        "flag --port: gateway.port: has no effect together with `listeners` (hint: name ports in one place only)",
      ],
    },
    {
      name: "two listeners on one address",
      yaml: "listeners:\n  - {name: a, port: 1}\n  - {name: b, port: 1}\n",
      problems: ["gateway.yaml:3:5: listeners[1]: has the host and port of listener a"],
    },
    {
      name: "two listeners of one name",
      yaml: "listeners:\n  - {name: a, port: 1}\n  - {name: a, port: 2}\n",
      problems: ["gateway.yaml:3:5: listeners[1]: is a second listener named a"],
    },
    {
      name: "a listener left with nothing to serve",
      yaml: "listeners: [{name: a, port: 1, serves: [metrics]}]\nmetrics: {enabled: false}\n",
      problems: ["gateway.yaml:1:13: listeners[0]: serves nothing while metrics are off"],
    },
    {
      name: "a metrics page in the place of another",
      yaml: "metrics: {path: /livez}\n",
      problems: ["gateway.yaml:1:17: metrics.path: is served by the gateway itself"],
    },
    {
      name: "two rates",
      yaml: "rate_limiting: {requests: 5, requests_per_minute: 60}\n",
      problems: [
        "gateway.yaml:1:27: rate_limiting.requests: cannot be combined with requests_per_minute (hint: keep one of them)",
      ],
    },
    {
      name: "a window of nothing",
      env: { RATE_LIMIT_WINDOW: "60" },
      problems: [
        "environment RATE_LIMIT_WINDOW: rate_limiting.window: needs `requests`, the number that it counts",
      ],
    },
    {
      name: "an environment that is almost production",
      env: { ENVIRONMENT: "Prod" },
      problems: [
        "environment ENVIRONMENT: environment: looks like a misspelt production (hint: did you mean production?)",
      ],
    },
    {
      name: "a bad variable, by its name",
      env: { GATEWAY_PORT: "http" },
      problems: ["environment GATEWAY_PORT: gateway.port: expected an integer from 0 to 65535"],
    },
    {
      name: "an engine that is none",
      env: { HTTP1_ENGINE: "nginx" },
      problems: ["environment HTTP1_ENGINE: gateway.http1_engine: expected polygate or node"],
    },
    {
      name: "a bad flag, by its name",
      argv: ["--ports", "1,x"],
      problems: ["flag --ports: gateway.ports[1]: expected an integer from 0 to 65535"],
    },
    {
      name: "an unknown flag, with a guess",
      argv: ["--prot", "80"],
      problems: ["flag --prot: is unknown (hint: did you mean --port?)"],
    },
    {
      name: "a flag without its value",
      argv: ["--host", "--port", "1"],
      problems: ["flag --host: needs a value: address"],
    },
    {
      name: "a flag that is there twice",
      argv: ["--port", "1", "--port=2"],
      problems: ["flag --port: is given twice"],
    },
    {
      name: "a word that belongs to no flag",
      argv: ["--port", "1", "stray"],
      problems: ["argument 5: belongs to no flag"],
    },
    {
      name: "the same key twice",
      yaml: "gateway: {}\ngateway: {}\n",
      problems: ["gateway.yaml:2:1: has a duplicate key"],
    },
    {
      name: "broken YAML",
      yaml: "gateway: {port: 1\n",
      problems: [expect.stringMatching(/^gateway\.yaml:\d+:\d+: /)],
    },
    {
      name: "another language: one problem, not one per line",
      yaml: `[gateway]\nport = 8080\n${"host = { a = 1 }\n".repeat(50)}`,
      problems: ["gateway.yaml:2:1: has something here that YAML does not allow"],
    },
    {
      name: "prose: one problem",
      yaml: "# Title\n\nSome text that runs\nover two lines: with a colon\n\n".repeat(20),
      problems: ["gateway.yaml:3:1: has a key that runs over several lines; is a colon missing?"],
    },
    {
      name: "many keys twice: the first ones, and their number",
      yaml: "a: 1\nb: 2\n".repeat(20),
      problems: [
        ...Array.from(
          { length: 10 },
          (_, index) => `gateway.yaml:${index + 3}:1: has a duplicate key`,
        ),
        "gateway.yaml: has 28 further problems of this kind",
      ],
    },
    {
      name: "an unknown tag",
      yaml: "gateway: !!js/function x\n",
      problems: [expect.stringMatching(/^gateway\.yaml:1:10: has a tag/)],
    },
    {
      name: "an alias to nothing",
      yaml: "gateway: *none\n",
      problems: [expect.stringMatching(/^gateway\.yaml:1:10: gateway: names an anchor/)],
    },
    {
      name: "two documents",
      yaml: "gateway: {}\n---\ngateway: {}\n",
      problems: [expect.stringMatching(/more than one document/)],
    },
    {
      name: "several at once, in the order of the file, the rest checked all the same",
      yaml: "metrics: {enabled: maybe}\ncores: [{url: nowhere, wieght: 2}]\nrate_limiting: {window: 1m}\n",
      problems: [
        "gateway.yaml:1:20: metrics.enabled: expected true or false",
        "gateway.yaml:2:15: cores[0].url: expected an address such as http://localhost:8001, without user, path or query",
        "gateway.yaml:2:24: cores[0].wieght: is not a known key (hint: did you mean weight?)",
        "gateway.yaml:3:25: rate_limiting.window: needs `requests`, the number that it counts",
      ],
    },
  ];
  test.each(rows)("$name", ({ yaml = "", env, argv, problems }) => {
    expect(problemsOf(loadYaml(yaml, env, argv))).toEqual(problems);
  });

  test("a file that is not there, without telling the folder", () => {
    expect(problemsOf(none({ CONFIG_PATH: "none.yaml" }))).toEqual([
      "environment CONFIG_PATH: the file cannot be read (ENOENT)",
    ]);
  });

  test("a file that is too large, or no text", () => {
    expect(problemsOf(loadYaml(" ".repeat(1_048_577)))).toEqual([
      "gateway.yaml: is larger than 1048576 bytes",
    ]);
    expect(problemsOf(loadYaml(new Uint8Array([0xff])))).toEqual([
      "gateway.yaml: is not UTF-8 text",
    ]);
  });

  test("aliases that multiply, turn in circles, or nest without end", () => {
    const level = (name: string, of: string) => `${name}: &${name} [${Array(9).fill(`*${of}`)}]\n`;
    const bomb = `a: &a [x,x,x,x,x,x,x,x,x]\n${"bcdefgh".replaceAll(/./g, (name) => level(name, String.fromCharCode(name.charCodeAt(0) - 1)))}`;
    expect(problemsOf(loadYaml(bomb))[0]).toMatch(/comes to more than 20000 values/);
    expect(problemsOf(loadYaml("a: &a [*a]\n"))[0]).toMatch(
      /names an anchor|nested deeper than 32/,
    );
    expect(problemsOf(loadYaml(`a: ${"[".repeat(40)}${"]".repeat(40)}\n`))[0]).toMatch(
      /nested deeper/,
    );
  });
});

describe("production", () => {
  const key = "f3Qw9-zP0r7Lk2-Tt8vYb1";
  const hash = sha256("dev-gateway-key-12345");
  const rows = [
    { name: "starts with a strong key", yaml: "", env: { API_KEY: key }, problems: [] },
    {
      name: "refuses auth that nobody set up",
      yaml: "",
      env: {},
      problems: [
        "defaults: auth.enabled: must be on in production (hint: set API_KEY or auth.keys)",
      ],
    },
    {
      name: "refuses auth that is off",
      yaml: "auth: {enabled: false}\n",
      env: { API_KEY: key },
      problems: [
        "gateway.yaml:1:17: auth.enabled: must be on in production (hint: set API_KEY or auth.keys)",
      ],
    },
    {
      name: "refuses a short key",
      yaml: "",
      env: { API_KEY: "fifteen-letters" },
      problems: [
        "environment API_KEY: auth.keys[0]: is shorter than the 16 characters that production asks for (hint: take 32 random characters, such as of `openssl rand -hex 32`)",
      ],
    },
    {
      name: "refuses the example's key",
      yaml: "auth: {secret_key: dev-gateway-key-12345}\n",
      env: {},
      problems: [
        "gateway.yaml:1:20: auth.secret_key: is a default that everybody knows (hint: take 32 random characters, such as of `openssl rand -hex 32`)",
      ],
    },
    {
      name: "refuses a secret of tokens that is also the key",
      yaml: "",
      env: { API_KEY: key.repeat(2), SECRET_KEY: key.repeat(2) },
      problems: [
        "environment SECRET_KEY: auth.jwt.secret: is also the key API_KEY: whoever has it can sign tokens for anybody",
      ],
    },
    {
      name: "refuses a secret of tokens that a key could be as long as",
      yaml: "",
      env: { API_KEY: key, SECRET_KEY: `${key}-and-more` },
      problems: [
        "environment SECRET_KEY: auth.jwt.secret: is shorter than the 32 characters that production asks for (hint: take 32 random characters, such as of `openssl rand -hex 32`)",
      ],
    },
    {
      name: "refuses an issuer's keys by http, and tokens that were made for others",
      yaml: "auth: {jwt: {jwks_url: 'http://id.example.com/jwks'}}\n",
      env: {},
      problems: [
        "gateway.yaml:1:13: auth.jwt: has no `issuer`: tokens that were made for others are taken",
        "gateway.yaml:1:13: auth.jwt: has no `audience`: tokens that were made for others are taken",
        "gateway.yaml:1:24: auth.jwt.jwks_url: must be https in production: who answers decides who may call",
      ],
    },
    {
      name: "takes an issuer's keys by http from this machine",
      yaml: "auth: {jwt: {jwks_url: 'http://127.0.0.1:1/jwks', issuer: a, audience: b}}\n",
      env: {},
      problems: [],
    },
    {
      name: "refuses a key that asks to be changed",
      yaml: "auth: {keys: [{name: a, key: dev-secret-key-change-in-production}]}\n",
      env: {},
      problems: [expect.stringMatching(/auth\.keys\[0\]: is a default/)],
    },
    ...[
      "your-secure-api-key",
      "your_very_secret_token_1",
      "YOUR-GATEWAY-API-KEY",
      "<put-your-own-here>",
      "replace-me-with-a-key",
    ].map((word) => ({
      name: `refuses ${word}, which stands where a key is to stand`,
      yaml: "",
      env: { API_KEY: word },
      problems: [
        "environment API_KEY: auth.keys[0]: is a default that everybody knows (hint: take 32 random characters, such as of `openssl rand -hex 32`)",
      ],
    })),
    ...["a".repeat(32), "abababababababab", "1234".repeat(8)].map((word) => ({
      name: `refuses ${word}, which repeats itself`,
      yaml: "",
      env: { API_KEY: word },
      problems: [
        "environment API_KEY: auth.keys[0]: repeats a few characters, so it can be guessed (hint: take 32 random characters, such as of `openssl rand -hex 32`)",
      ],
    })),
    {
      name: "takes a key of hex digits, and one that speaks of keys",
      yaml: "auth: {keys: [{name: a, key: 3f5a9c0e7b1d2468}, {name: b, key: monkeys-have-tokens-77}]}\n",
      env: {},
      problems: [],
    },
    {
      name: "refuses the hash of a known key",
      yaml: `auth: {keys: [{name: a, key_sha256: ${hash}}]}\n`,
      env: {},
      problems: [expect.stringMatching(/auth\.keys\[0\]: is a default/)],
    },
    {
      name: "refuses any origin with credentials",
      yaml: "cors: {origins: ['*'], credentials: true}\n",
      env: { API_KEY: key },
      problems: [
        "gateway.yaml:1:17: cors.origins: may not be `*` with credentials in production (hint: name the origins)",
      ],
    },
    {
      name: "takes any origin without credentials",
      yaml: "cors: {origins: ['*']}\n",
      env: { API_KEY: key },
      problems: [],
    },
  ];
  test.each(rows)("$name", ({ yaml, env, problems }) => {
    expect(problemsOf(loadYaml(yaml, { ENVIRONMENT: "production", ...env }))).toEqual(problems);
  });

  test("is warned of any origin and of debug lines, which development is not", () => {
    const told = (environment: string) =>
      settingsOf(
        loadYaml("cors: {origins: ['*']}\n", {
          ENVIRONMENT: environment,
          DEBUG: "true",
          API_KEY: key,
        }),
      ).warnings.map(problemText);
    expect(told("development")).toEqual([]);
    expect(told("production")).toEqual([
      "gateway.yaml:1:17: cors.origins: lets pages of any origin read responses (hint: name the origins)",
      "environment DEBUG: logging.level: is debug in production, which logs many lines per call (hint: info is the default)",
    ]);
  });

  test("what it refuses, development takes", () => {
    for (const { yaml, env } of rows) expect(problemsOf(loadYaml(yaml, env))).toEqual([]);
  });
});
