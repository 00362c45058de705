/** The configuration file: every key, what it takes, its default and what it means. */

import { z } from "zod";
import { surfaceNames } from "#surface-table.ts";
import {
  duration,
  durationOrNone,
  flag,
  numberBetween,
  positiveNumber,
  size,
  text,
  textThat,
  wholeNumber,
} from "#yaml/scalar.ts";
import { host, isAddressBlock, isCoreUrl, isOrigin, isPostgresUrl } from "./address.ts";
import { coreDiscovery } from "./discovery.ts";
import { hooksSchema } from "./hooks.ts";
import { providersSchema } from "./providers.ts";
import { jsonOverride, rest } from "./rest-schema.ts";
import { routesSchema } from "./routes.ts";

const port = () => wholeNumber(0, 65_535);
const requestsMax = 1_000_000_000;

/** Rights that a key or an anonymous caller may hold. */
export const scopes = ["admin", "route"] as const;

const engine = () => z.enum(["polygate", "node"]);

const gateway = z.strictObject({
  host: host().prefault("0.0.0.0").describe("Address to listen on; the default of every listener."),
  port: port()
    .optional()
    .describe("Port of the one listener; 0 lets the system choose. 8080 when no port is named."),
  ports: z
    .array(port())
    .min(1)
    .optional()
    .describe("Instead of `port`: one listener per port, each serving everything."),
  portal_port: port()
    .optional()
    .describe(
      "Instead of `port`: port of the listener `portal`; 8080 when only `api_port` is named.",
    ),
  api_port: port()
    .optional()
    .describe(
      "Instead of `port`: port of the listener `api`; 8081 when only `portal_port` is named.",
    ),
  timeout: duration("24h")
    .prefault("30s")
    .describe(
      "Time for one call, a stream's until its first message. A caller's own deadline holds when it is shorter.",
    ),
  max_request_size: size("2GB")
    .prefault("10MB")
    .describe("Largest request body, other than an upload, and largest message of a stream."),
  max_file_size: size("2GB")
    .optional()
    .describe(
      "Largest upload: a form with files, or a file that is the body; `max_request_size` when absent.",
    ),
  max_request_elements: wholeNumber(1000, 100_000_000)
    .prefault(100_000)
    .describe(
      "Fields, items and entries that a request message may have in total; 28 numbers of a packed list count as one.",
    ),
  buffer_limit: size("1024GB")
    .optional()
    .describe(
      "Bytes of requests and responses that the process holds at one time; a tenth of V8's heap limit, at most 1 GiB, when absent.",
    ),
  health_check_timeout: duration("10m")
    .prefault("2s")
    .describe("Time for one health check of a core."),
  drain_delay: durationOrNone("10m")
    .prefault("0s")
    .describe(
      "How long calls are still taken after SIGTERM, while `/readyz` is 503: time for a load balancer to see it.",
    ),
  drain_timeout: duration("1h")
    .prefault("8s")
    .describe(
      "How long calls may go on after SIGTERM and `drain_delay`; then they end with an error that says why, within a second. The default ends before Docker's 10 s do.",
    ),
  connections_max: wholeNumber(1, 1_000_000)
    .prefault(10_000)
    .describe("Connections that each listener holds at one time; further ones are closed at once."),
  connections_per_address: wholeNumber(1, 1_000_000)
    .optional()
    .describe(
      "Connections that one address holds of them once an eighth is left; a quarter when absent.",
    ),
  http1_engine: engine()
    .default("polygate")
    .describe(
      "What speaks HTTP/1.1: the engine that comes with Polygate, or Node's own module, which counts no responses for `buffer_limit`, sets no least rate to senders and readers, and refuses HTTP/1.2.",
    ),
  http2_engine: engine()
    .default("polygate")
    .describe(
      "What speaks HTTP/2: the engine that comes with Polygate, or Node's own module, which counts no responses for `buffer_limit`, sets no least rate to senders and readers, bounds fewer floods of legal frames, and resets malformed requests without a word.",
    ),
});

const listener = z.strictObject({
  name: text("a name of letters, digits, `-`, `_` and `.`", /^[\w.-]{1,64}$/).describe(
    "Name in logs and errors; unique.",
  ),
  host: host().optional().describe("Address to listen on; `gateway.host` when absent."),
  port: port().describe("Port; 0 lets the system choose."),
  serves: z
    .array(z.enum(surfaceNames))
    .min(1)
    .default([...surfaceNames])
    .describe("What callers reach here."),
  http1_engine: engine()
    .optional()
    .describe("What speaks HTTP/1.1 here; `gateway.http1_engine` when absent."),
  http2_engine: engine()
    .optional()
    .describe("What speaks HTTP/2 here; `gateway.http2_engine` when absent."),
  rest: z
    .strictObject({
      json: jsonOverride.prefault({}).describe("What differs from `rest.json` here."),
    })
    .optional()
    .describe("What REST does otherwise here."),
  tls: z
    .strictObject({
      cert_file: text().describe(
        "PEM certificate chain; paths count from the configuration file's folder.",
      ),
      key_file: text().describe("PEM private key."),
      ca_file: text()
        .optional()
        .describe("PEM authorities that client certificates are checked against."),
      client_auth: z
        .enum(["none", "request", "require"])
        .default("none")
        .describe("Whether clients are asked for a certificate, or turned away without one."),
    })
    .optional()
    .describe("Serves TLS; cleartext when absent."),
});

const cors = z.strictObject({
  enabled: flag()
    .prefault(true)
    .describe("Answer cross-origin requests; off when the section is absent."),
  origins: z
    .array(textThat("`*` or an origin such as https://app.example.com, without a path", isOrigin))
    .prefault(["*"])
    .describe("Origins that may call."),
  methods: z
    .array(text("a method in capitals", /^[A-Z]+$/))
    .prefault(["GET", "POST", "OPTIONS"])
    .describe("Methods that they may use."),
  headers: z
    .array(text("a header name or `*`", /^[\w!#$%&'*+.^`|~-]+$/))
    .prefault(["Content-Type", "Authorization"])
    .describe("Request headers that they may send, besides those that the gateway itself reads."),
  credentials: flag()
    .prefault(false)
    .describe("Let browsers send cookies and credentials by themselves."),
});

const scopeList = () => z.array(z.enum(scopes)).default([]);

const auth = z.strictObject({
  enabled: flag()
    .optional()
    .describe("Turn away callers without a key; on as soon as there is a key."),
  type: z
    .enum(["bearer", "apikey", "basic"])
    .default("bearer")
    .describe(
      "How refused callers are asked to send the key; `Authorization: Bearer` and `x-api-key` are both read. `basic` is not built yet.",
    ),
  secret_key: text("a key of visible ASCII characters", /^[\x21-\x7e]+$/)
    .optional()
    .describe("The operator's own key; it holds every scope. Give callers keys of their own."),
  keys: z
    .array(
      z.strictObject({
        name: text("a name of up to 64 characters", /^\S.{0,63}$/).describe(
          "Who holds the key; unique, used in logs.",
        ),
        key: text("a key of visible ASCII characters", /^[\x21-\x7e]+$/)
          .optional()
          .describe(
            "The key itself; stored as a hash, and kept in clear text only after its first use.",
          ),
        key_sha256: text("64 hex digits", /^[0-9a-fA-F]{64}$/)
          .optional()
          .describe("Instead of `key`: SHA-256 of it in hex."),
        scopes: scopeList().describe("Rights beyond calling."),
      }),
    )
    .prefault([])
    .describe("Keys that callers present."),
  anonymous_scopes: scopeList().describe("Rights of every caller while auth is off."),
  failures_per_minute: wholeNumber(0, 1_000_000)
    .prefault(30)
    .describe(
      "Unknown keys that one address may send at once, and in each minute; then 429, except for keys that it used before. 0 sets no limit.",
    ),
});

const rateLimiting = z.strictObject({
  enabled: flag().prefault(true).describe("Limit each client; off when the section is absent."),
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
  cleanup_interval: duration("24h")
    .optional()
    .describe("Accepted and not used: memory is bounded by `clients_max`."),
  clients_max: wholeNumber(1, 10_000_000)
    .prefault(100_000)
    .describe("Clients remembered at one time; the one not seen for longest goes first."),
  routes: z
    .array(
      z.strictObject({
        match: text("a path that begins with `/`", /^\/\S*$/).describe(
          "Procedure or path prefix, such as `/predict/`.",
        ),
        requests_per_minute: positiveNumber(requestsMax).describe(
          "Steady rate of one client on these routes.",
        ),
        burst: wholeNumber(1, requestsMax)
          .optional()
          .describe("Requests at once; the section's burst when absent."),
      }),
    )
    .prefault([])
    .describe("Limits for some routes, in place of the general one."),
});

const loadBalancer = z.strictObject({
  algorithm: z
    .enum(["round_robin", "least_connections", "weighted"])
    .default("round_robin")
    .describe("Which core gets the next call."),
  health_check_interval: duration("1h")
    .prefault("10s")
    .describe("Time between health checks of a core."),
  weights: z
    .strictObject({
      cost: numberBetween(0, 1_000_000).optional().describe("Share of the price."),
      latency: numberBetween(0, 1_000_000)
        .optional()
        .describe("Share of the time that calls take."),
      reliability: numberBetween(0, 1_000_000)
        .optional()
        .describe("Share of the calls that succeed."),
      load: numberBetween(0, 1_000_000).optional().describe("Share of the active calls."),
      priority: numberBetween(0, 1_000_000)
        .optional()
        .describe("Share of the configured priority."),
    })
    .prefault({})
    .describe(
      "Weights of the terms under `scored`: cost 30, latency 40, reliability 30, load 10, priority 10 when absent.",
    ),
  retry_attempts: wholeNumber(0, 10)
    .prefault(3)
    .describe(
      "Further tries after the first: elsewhere at once, on the same endpoint after a pause.",
    ),
  retry_budget: numberBetween(0, 10)
    .prefault(0.2)
    .describe("Retries per call, in addition to 10 per second that are always allowed."),
  hedge_budget: numberBetween(0, 1)
    .prefault(0.1)
    .describe("Second tries per call of routes with `hedge`, in addition to 1 per second."),
  ejection_time: duration("10m")
    .prefault("5s")
    .describe(
      "Time for which an endpoint that fails is left out; twice as long each time that it fails again, up to 24 times.",
    ),
  timeout: duration("24h")
    .optional()
    .describe("Time for one try; only the request's own time when absent."),
});

const core = z.strictObject({
  url: textThat("an address such as http://localhost:8001, without user, path or query", isCoreUrl)
    .optional()
    .describe("Address of a PolyAgent core; https:// for TLS."),
  discovery: coreDiscovery
    .optional()
    .describe("Instead of `url`: a name, each of whose addresses is a core."),
  weight: wholeNumber(1, 1_000).prefault(1).describe("Share of calls under `weighted`."),
  transport: z
    .enum(["http2", "grpc-js"])
    .default("http2")
    .describe("What speaks gRPC to it: the engine that comes with Polygate, or @grpc/grpc-js."),
  tls: z
    .strictObject({
      ca_file: text()
        .optional()
        .describe(
          "PEM authorities that its certificate is checked against; the system's if absent.",
        ),
      cert_file: text().optional().describe("PEM certificate chain that the gateway shows it."),
      key_file: text().optional().describe("PEM private key of that certificate."),
      server_name: host().optional().describe("Name in its certificate; that in `url` if absent."),
    })
    .optional()
    .describe("How an https:// core is trusted."),
});

const models = z.strictObject({
  path: text()
    .optional()
    .describe(
      "Model repository; relative to the configuration file's folder. The models that ship with the package when absent.",
    ),
  workers: wholeNumber(1, 256)
    .optional()
    .describe("Threads that run models; one less than there are cores, at most 4, when absent."),
  queue_max: wholeNumber(1, 100_000)
    .prefault(256)
    .describe(
      "Rows of one model that may wait for a worker, and images that may wait to be decoded.",
    ),
  watch: durationOrNone("1h")
    .prefault("5s")
    .describe(
      "How often the repository is looked at for models that are new, changed or gone; 0 for never.",
    ),
});

const cache = z.strictObject({
  enabled: flag()
    .prefault(true)
    .describe("Keep responses of chats that ask for it, or whose model is among `models`."),
  models: z
    .array(text())
    .prefault([])
    .describe(
      "Models, routes and providers whose chats share equal responses without asking; by the name that clients use.",
    ),
  ttl: duration("24h").prefault("5m").describe("How long a response is given to equal calls."),
  shared: flag()
    .prefault(false)
    .describe("Callers get each other's responses; else each its own alone."),
  max_size: size("1024GB").prefault("64MB").describe("Bytes of all responses that are kept."),
  max_entries: wholeNumber(1, 10_000_000)
    .prefault(10_000)
    .describe("Responses that are kept; the one not asked for longest goes first."),
  max_entry_size: size("1GB")
    .optional()
    .describe(
      "Bytes of one response; a longer one is passed on and not kept. 1 MB, at most `max_size`, when absent.",
    ),
});

const relay = z.strictObject({
  provider: text()
    .optional()
    .describe(
      "Provider of calls that name no model: files and batches, and moderations and images without one. The only one that speaks OpenAI's API, else `openai`, when absent.",
    ),
  id_secret: text("a secret of at least 32 visible ASCII characters", /^[\x21-\x7e]{32,}$/)
    .optional()
    .describe(
      "What ids of files and batches are signed with. When absent, a random one for this process: after a restart, and on another replica, earlier ids are unknown.",
    ),
  look_ahead: size("64MB")
    .prefault("4MB")
    .describe(
      "How much of an upload is read to find its `model`; the rest is passed on as it comes.",
    ),
});

const logging = z.strictObject({
  level: z
    .enum(["debug", "info", "warn", "error"])
    .default("info")
    .describe("Minimum level logged."),
  format: z
    .enum(["json", "text"])
    .optional()
    .describe(
      "One JSON object per line, or text for people; text on a terminal and json elsewhere when absent.",
    ),
  output: z.enum(["stdout", "stderr"]).default("stdout").describe("Where log lines go."),
  routing: flag()
    .prefault(false)
    .describe(
      "Lines of each decision of load balancing and of each attempt, at `info` instead of `debug`; `DEBUG=load-balancer:*` asks for them.",
    ),
});

const requests = z.strictObject({
  max: wholeNumber(1, 1_000_000)
    .prefault(5_000)
    .describe("Recent calls that are kept in memory for `RequestsService`."),
  max_size: size("4GB").prefault("16MB").describe("Bytes that they take, about."),
  capture: flag()
    .prefault(false)
    .describe(
      "Keep the messages of chats and predictions with them, without media and what looks like a credential.",
    ),
  capture_size: size("1MB")
    .prefault("16kB")
    .describe("Most of a request, and most of a response, that is kept."),
});

const history = z.strictObject({
  path: text()
    .optional()
    .describe(
      "SQLite file that keeps the history over restarts, relative to the configuration file's folder; in memory alone when absent.",
    ),
  url: textThat("an address such as postgres://user@host/database", isPostgresUrl)
    .optional()
    .describe(
      "PostgreSQL database that keeps the history, of several gateways together, in place of `path`; its tables are made at the start.",
    ),
  retention: duration("3650d").prefault("30d").describe("How long sums by the hour are kept."),
  cache_ttl: durationOrNone("1h")
    .prefault("5s")
    .describe("How long the sums of the last hours are reused before they are computed again."),
});

const metrics = z.strictObject({
  enabled: flag().prefault(true).describe("Serve Prometheus metrics."),
  port: port().optional().describe("One more listener, named `metrics`, that serves metrics only."),
  path: text("a path that begins with `/`", /^\/[\w./-]+$/)
    .prefault("/metrics")
    .describe("Where the page is."),
});

/** The whole file. Unknown keys are refused everywhere. */
export const fileSchema = z.strictObject({
  environment: text("a lower-case word such as development or production", /^[a-z][a-z0-9_-]*$/)
    .prefault("development")
    .describe("`production` refuses to start with unsafe settings."),
  gateway: gateway.prefault({}).describe("The listener and what every request may take."),
  listeners: z
    .array(listener)
    .min(1)
    .optional()
    .describe("Several listeners, in place of the ports under `gateway`."),
  rest: rest.prefault({}).describe("HTTP/JSON."),
  cors: cors.optional().describe("Cross-origin calls from browsers."),
  auth: auth.prefault({}).describe("Who may call."),
  rate_limiting: rateLimiting.optional().describe("Token buckets for each client."),
  load_balancer: loadBalancer.prefault({}).describe("How calls are spread over cores."),
  cores: z
    .array(core)
    .prefault([])
    .describe("PolyAgent cores; an embedded one answers when there is none."),
  providers: providersSchema,
  routes: routesSchema,
  hooks: hooksSchema,
  models: models.prefault({}).describe("Models that run in this process."),
  cache: cache.prefault({}).describe("Responses that are kept for equal chats."),
  requests: requests.prefault({}).describe("Recent calls, one by one."),
  history: history.prefault({}).describe("What providers and models did, over time."),
  relay: relay
    .prefault({})
    .describe(
      "Calls of OpenAI's API other than chat: completions, images, audio, files and batches.",
    ),
  logging: logging.prefault({}).describe("Log lines."),
  metrics: metrics.prefault({}).describe("Prometheus metrics."),
  trusted_proxies: z
    .array(textThat("an address or block such as 10.0.0.0/8", isAddressBlock))
    .prefault([])
    .describe("Proxies whose X-Forwarded-For is believed."),
});

/** A file that fits, with defaults filled in, durations in milliseconds and sizes in bytes. */
export type FileConfig = z.output<typeof fileSchema>;
