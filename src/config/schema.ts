/** The configuration file: every key, what it takes, its default and what it means. */

import { z } from "zod";
import { proxyFields } from "#exchange/trusted-proxies.ts";
import { text, textThat } from "#yaml/scalar.ts";
import { isAddressBlock } from "./address.ts";
import { alerts } from "./alerts.ts";
import { audit } from "./audit.ts";
import { cache } from "./cache.ts";
import { core } from "./cores.ts";
import { cors } from "./cors.ts";
import { auth } from "./credentials.ts";
import { gateway } from "./gateway.ts";
import { history } from "./history.ts";
import { hooksSchema } from "./hooks.ts";
import { kubernetes } from "./kubernetes.ts";
import { listener } from "./listener-schema.ts";
import { loadBalancer } from "./load-balancer.ts";
import { logging } from "./logging.ts";
import { metrics } from "./metrics.ts";
import { modelServersSchema } from "./model-servers.ts";
import { models } from "./models.ts";
import { overload } from "./overload.ts";
import { portal } from "./portal.ts";
import { providersSchema } from "./providers.ts";
import { rateLimiting } from "./rate-limiting.ts";
import { redis } from "./redis.ts";
import { relay } from "./relay.ts";
import { reload } from "./reload.ts";
import { requests } from "./requests.ts";
import { rest } from "./rest-schema.ts";
import { routesSchema } from "./routes.ts";
import { tracing } from "./tracing.ts";
import { uploads } from "./uploads.ts";
import { workers } from "./workers.ts";

/** The whole file. Unknown keys are refused everywhere. */
export const fileSchema = z.strictObject({
  environment: text("a lower-case word such as development or production", /^[a-z][a-z0-9_-]*$/)
    .prefault("development")
    .describe("`production` refuses to start with unsafe settings."),
  workers: workers(),
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
  redis: redis.prefault({}).describe("What several gateways share."),
  load_balancer: loadBalancer.prefault({}).describe("How calls are spread over cores."),
  cores: z
    .array(core)
    .prefault([])
    .describe("Cores; an embedded one answers chats when none is there for them."),
  kubernetes: kubernetes.prefault({}).describe("The API that lists the endpoints of services."),
  providers: providersSchema,
  routes: routesSchema,
  hooks: hooksSchema,
  models: models.prefault({}).describe("Models that run in this process."),
  model_servers: modelServersSchema,
  cache: cache.prefault({}).describe("Responses that are kept for equal chats and predictions."),
  requests: requests.prefault({}).describe("Recent calls, one by one."),
  history: history.prefault({}).describe("What providers and models did, over time."),
  relay: relay
    .prefault({})
    .describe(
      "Calls of OpenAI's API other than chat: completions, images, audio, files and batches.",
    ),
  uploads: uploads.prefault({}).describe("Files that are sent once and named in calls."),
  portal: portal.prefault({}).describe("The pages for people, and who is logged in there."),
  logging: logging.prefault({}).describe("Log lines."),
  audit: audit.prefault({}).describe("Who was allowed or denied what."),
  metrics: metrics.prefault({}).describe("Prometheus metrics."),
  alerts: alerts
    .optional()
    .describe("Webhooks that are notified of errors, slow calls, outages and budgets."),
  tracing: tracing.prefault({}).describe("OpenTelemetry traces."),
  overload: overload
    .prefault({})
    .describe("What the gateway refuses when it has more work than it can do."),
  reload: reload.prefault({}).describe("When the configuration is read again."),
  trusted_proxies: z
    .array(textThat("an address or block such as 10.0.0.0/8", isAddressBlock))
    .prefault([])
    .describe(
      "Proxies that are believed about the address, the scheme and the host of their clients.",
    ),
  trusted_headers: z
    .array(z.enum(proxyFields))
    .min(1)
    .default([...proxyFields])
    .describe(
      "Headers in which they name the client's address; the first that is present counts. List only the one that your proxy writes: it may pass on what clients write in the others.",
    ),
});

/** A file that fits, with defaults filled in, durations in milliseconds and sizes in bytes. */
export type FileConfig = z.output<typeof fileSchema>;
