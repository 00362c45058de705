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
  /** Target of a redirect. */
  readonly location?: string;
}

/** Pages by path. A page may take time, such as collecting metrics. */
export type Pages = Readonly<Record<string, () => PageAnswer | Promise<PageAnswer>>>;

/** Lets fastify answer a request that came by any wire. */
async function serve(app: FastifyInstance, exchange: Exchange): Promise<void> {
  const answer = await app.inject({
    method: exchange.method === "HEAD" ? "HEAD" : "GET",
    url: exchange.target,
    headers: Object.fromEntries(exchange.headers()),
  });
  const headers = Object.entries(answer.headers)
    .filter(([name]) => !connectionHeaders.has(name))
    .map(([name, value]) => [name, String(value)] as const);
  exchange.respond(answer.statusCode, headers, answer.rawPayload);
}

/** Registers the pages on `app`, for GET and HEAD; `wrongMethod` answers all other methods. */
export function createPagesSurface(
  app: FastifyInstance,
  pages: Pages,
  wrongMethod: (exchange: Exchange, record: CallRecord) => void,
): Surface {
  for (const [path, page] of Object.entries(pages)) {
    app.get(path, async (_request, reply) => {
      const { status, contentType, body, location } = await page();
      reply.code(status).header("content-type", contentType).header("cache-control", "no-store");
      if (location !== undefined) reply.header("location", location);
      return reply.send(body);
    });
  }
  return {
    take(exchange, record) {
      const path = pathOf(exchange.target);
      if (!Object.hasOwn(pages, path)) return false;
      record.endpoint = path;
      if (exchange.method !== "GET" && exchange.method !== "HEAD") wrongMethod(exchange, record);
      else void serve(app, exchange);
      return true;
    },
  };
}
