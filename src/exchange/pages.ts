/** Plain pages for machines and first visitors: liveness, readiness, metrics and what this gateway is. */

import type { FastifyInstance } from "fastify";
import type { CallRecord } from "#observability/call-record.ts";
import type { Surface } from "./door.ts";
import { type Exchange, pathOf } from "./exchange.ts";

/** Fields that the exchange itself writes. */
const connectionHeaders: ReadonlySet<string> = new Set(["connection", "content-length", "date"]);

/** What a page answers. */
export interface PageAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
  /** Other fields, such as `location`; with an `etag` those who have the page already get 304. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** Pages by path. A page may take time, such as collecting metrics. */
export type Pages = Readonly<Record<string, () => PageAnswer | Promise<PageAnswer>>>;

/** Lets fastify answer a request that came by any wire. */
async function serve(app: FastifyInstance, exchange: Exchange, url: string): Promise<void> {
  const answer = await app.inject({
    method: exchange.method === "HEAD" ? "HEAD" : "GET",
    url,
    headers: Object.fromEntries(exchange.headers()),
  });
  const headers = Object.entries(answer.headers)
    .filter(([name]) => !connectionHeaders.has(name))
    .map(([name, value]) => [name, String(value)] as const);
  exchange.respond(answer.statusCode, headers, answer.rawPayload);
}

/** Whether a client has what it asks for (RFC 9110, 13.1.2: weak comparison). */
function isKnown(ifNoneMatch: string | undefined, etag: string | undefined): boolean {
  if (ifNoneMatch === undefined || etag === undefined) return false;
  const tags = ifNoneMatch.split(",").map((tag) => tag.trim().replace(/^W\//, ""));
  return tags.includes(etag) || tags.includes("*");
}

/** The methods that a page takes. */
export const pageMethods = "GET, HEAD, OPTIONS";

/** Where pages are registered. */
export interface PagesHost {
  readonly app: FastifyInstance;
  /** Tells several sets of pages on one `app` apart; nobody sees it. */
  readonly set: string;
}

/** Registers the pages, for GET and HEAD; `wrongMethod` answers what OPTIONS does not name. */
export function createPagesSurface(
  { app, set }: PagesHost,
  pages: Pages,
  wrongMethod: (exchange: Exchange, record: CallRecord) => void,
): Surface {
  for (const [path, page] of Object.entries(pages)) {
    app.get(`/${set}${path}`, async (request, reply) => {
      const { status, contentType, body, headers = {} } = await page();
      reply.headers({ "cache-control": "no-store", ...headers });
      if (isKnown(request.headers["if-none-match"], headers.etag)) return reply.code(304).send();
      return reply.code(status).header("content-type", contentType).send(body);
    });
  }
  return {
    take(exchange, record) {
      const path = pathOf(exchange.target);
      if (!Object.hasOwn(pages, path)) return false;
      record.endpoint = path;
      switch (exchange.method) {
        case "GET":
        case "HEAD":
          void serve(app, exchange, `/${set}${exchange.target}`);
          break;
        case "OPTIONS":
          exchange.respond(204, [["allow", pageMethods]]);
          break;
        default:
          wrongMethod(exchange, record);
      }
      return true;
    },
  };
}
