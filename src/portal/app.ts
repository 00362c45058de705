/** The management app: Fastify with its own plugins serves the portal's files and its sessions. */

import { AsyncLocalStorage } from "node:async_hooks";
import type { Readable } from "node:stream";
import { ConnectError } from "@connectrpc/connect";
import cookie from "@fastify/cookie";
import helmet from "@fastify/helmet";
import files from "@fastify/static";
import fastify, { type FastifyInstance, type FastifyReply } from "fastify";
import { fault } from "#errors/fault.ts";
import { faultFrom } from "#errors/from-unknown.ts";
import type { Exchange, HeaderList } from "#exchange/exchange.ts";
import { cameByHttps } from "#exchange/security-headers.ts";
import type { CallRecord } from "#observability/call-record.ts";
import { portalPage } from "./pages.ts";
import { addSessions, type SessionFacts } from "./session-routes.ts";
import type { Visit } from "./visit.ts";

/** What the app is made of. */
export interface PortalFacts extends SessionFacts {
  /** Folder of the built pages. */
  readonly folder: string;
}

/** The app. */
export interface PortalApp {
  /** Responds to an exchange. Rejects with what is wrong, before anything was sent. */
  serve(exchange: Exchange, record: CallRecord): Promise<void>;
}

/** Most bytes of a request's body: a key is no longer. */
const bodyBytesMax = 8192;

const contentSecurityPolicy = {
  useDefaults: false,
  directives: {
    "default-src": ["'none'"],
    "script-src": ["'self'"],
    "style-src": ["'self'"],
    "connect-src": ["'self'"],
    "img-src": ["'self'", "blob:", "data:"],
    "font-src": ["'self'"],
    "worker-src": ["'self'"],
    "base-uri": ["'self'"],
    "form-action": ["'self'"],
    "frame-ancestors": ["'none'"],
    "require-trusted-types-for": ["'script'"],
    "trusted-types": ["'none'"],
  },
};

/** What Fastify refuses, in the gateway's words. */
function faultOf(thrown: unknown): ConnectError {
  if (thrown instanceof ConnectError) return thrown;
  const { statusCode, message } = thrown as { statusCode?: number; message?: string };
  if (statusCode === 415) return fault("MEDIA_TYPE_UNSUPPORTED", "expected application/json");
  if (statusCode === 400) return fault("REQUEST_INVALID", message ?? "the request is not sound");
  if (statusCode === 404 || statusCode === 403) return fault("ROUTE_UNKNOWN", "no such file");
  return faultFrom(thrown);
}

/** Whether a browser goes to a page, rather than a script fetching a part of one. */
function isNavigation({ exchange }: Visit): boolean {
  return exchange.header("accept")?.includes("text/html") ?? false;
}

/** Fields that belong to a connection, or that the exchange sets itself. */
const ownFields = new Set([
  "connection",
  "keep-alive",
  "transfer-encoding",
  "content-length",
  "date",
]);

function fieldsOf(headers: Readonly<Record<string, number | string | string[] | undefined>>) {
  const fields: HeaderList[number][] = [];
  for (const [name, value] of Object.entries(headers)) {
    if (value === undefined || ownFields.has(name)) continue;
    for (const one of Array.isArray(value) ? value : [value]) fields.push([name, String(one)]);
  }
  return fields;
}

/** Sends a body as its client takes it. */
async function send(exchange: Exchange, body: Readable): Promise<void> {
  exchange.onGone(() => body.destroy());
  for await (const chunk of body) {
    const taken = exchange.write(chunk as Buffer);
    if (taken !== undefined) await taken;
  }
  exchange.end();
}

/** Builds the app. */
export async function createPortalApp(facts: PortalFacts): Promise<PortalApp> {
  const visits = new AsyncLocalStorage<Visit>();
  const visitOf = (): Visit => {
    const visit = visits.getStore();
    if (visit === undefined) throw new Error("a request came by no exchange");
    return visit;
  };
  const app = fastify({
    logger: false,
    bodyLimit: bodyBytesMax,
    // What is not as it should be is refused, and not mended.
    ajv: { customOptions: { removeAdditional: false, coerceTypes: false } },
  });
  app.setErrorHandler((thrown, _request, reply) => {
    visitOf().failure = faultOf(thrown);
    void reply.code(500).send("");
  });
  await app.register(helmet, {
    contentSecurityPolicy,
    crossOriginEmbedderPolicy: false,
    frameguard: { action: "deny" },
    // It is set for those who came by HTTPS, as on every page.
    hsts: false,
    referrerPolicy: { policy: "no-referrer" },
    xXssProtection: false,
    // For browsers that are no more, and for what the portal has nothing of.
    xDnsPrefetchControl: false,
    xDownloadOptions: false,
    xPermittedCrossDomainPolicies: false,
    originAgentCluster: false,
  });
  await app.register(cookie);
  app.addHook("onSend", async (_request, reply) => {
    if (!reply.hasHeader("cache-control")) void reply.header("cache-control", "no-store");
  });
  await addFiles(app, facts, visitOf);
  addSessions(app, facts, visitOf);
  await app.ready();

  return {
    async serve(exchange, record) {
      const { method, target } = exchange;
      const isSecure = cameByHttps(exchange);
      const payload =
        method === "POST" ? Buffer.from(await exchange.body(bodyBytesMax)) : undefined;
      const headers = Object.fromEntries(exchange.headers());
      for (const name of ownFields) delete headers[name];
      // Scripts name a type for all requests alike.
      if (payload === undefined) delete headers["content-type"];
      const visit: Visit = { exchange, record, isSecure };
      const response = await visits.run(
        visit,
        // It begins with its `then`, which is to be called in here.
        async () =>
          await app.inject({
            method: method as "GET",
            url: target,
            headers,
            remoteAddress: record.clientAddress,
            payloadAsStream: true,
            ...(payload && { payload }),
          }),
      );
      const { statusCode: status } = response;
      const body = response.stream();
      if (visit.failure !== undefined) {
        body.destroy();
        throw visit.failure;
      }
      const fields = fieldsOf(response.headers);
      if (method === "HEAD" || status === 204 || status === 304) {
        body.destroy();
        exchange.respond(status, fields);
        return;
      }
      exchange.start(status, fields);
      await send(exchange, body);
    },
  };
}

/** Files of the build, and the page of every path that a browser goes to. */
async function addFiles(
  app: FastifyInstance,
  { folder }: PortalFacts,
  visitOf: () => Visit,
): Promise<void> {
  await app.register(files, {
    root: folder,
    serve: false,
    preCompressed: true,
    dotfiles: "deny",
    suppressWarning: true,
  });
  const page = async (rest: string, reply: FastifyReply) => {
    const { status, html, etag } = await portalPage(folder, rest);
    void reply.header("cache-control", status === 200 ? "no-cache" : "no-store");
    if (etag !== undefined) {
      void reply.header("etag", etag);
      if (visitOf().exchange.header("if-none-match")?.includes(etag)) return reply.code(304).send();
    }
    return reply.code(status).type("text/html; charset=utf-8").send(html);
  };
  const restOf = (url: string) => decodeURI(url.replace(/[?#].*$/s, "")).slice("/portal/".length);
  app.setNotFoundHandler(async (request, reply) => {
    const rest = restOf(request.url);
    if (rest.startsWith("assets/") || !isNavigation(visitOf())) {
      throw fault("ROUTE_UNKNOWN", "the portal has no such file");
    }
    return await page(rest, reply);
  });
  app.get<{ Params: { "*": string } }>("/portal/*", async (request, reply) => {
    const rest = request.params["*"];
    if (rest === "" || rest === "index.html") return await page("", reply);
    const isHashed = rest.startsWith("assets/");
    // The date of a file that came in a package says nothing of what is in it.
    const kept = isHashed ? { immutable: true, maxAge: "365d" } : { maxAge: 0, etag: false };
    return reply.sendFile(rest, { ...kept, lastModified: isHashed });
  });
}
