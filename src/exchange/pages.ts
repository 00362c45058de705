/** Plain pages for machines and first visitors: liveness, readiness, metrics and what this gateway is. */

import type { FastifyInstance } from "fastify";
import type { CallRecord } from "#observability/call-record.ts";
import type { Surface } from "./door.ts";
import { pathOf } from "./exchange.ts";
import type { NodeExchange } from "./node-exchange.ts";

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

/** Registers the pages on `app`, for GET and HEAD; `wrongMethod` answers all other methods. */
export function createPagesSurface(
  app: FastifyInstance,
  pages: Pages,
  wrongMethod: (exchange: NodeExchange, record: CallRecord) => void,
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
      else app.routing(exchange.request as never, exchange.response as never);
      return true;
    },
  };
}
