/** Plain pages for machines and first visitors: liveness, readiness, metrics and what this gateway is. */

import type { ConnectError } from "@connectrpc/connect";
import { fault } from "#errors/fault.ts";
import { faultFrom } from "#errors/from-unknown.ts";
import type { CallRecord } from "#observability/call-record.ts";
import type { Surface } from "./door.ts";
import { type Exchange, pathOf } from "./exchange.ts";

/** What a page answers. */
export interface PageAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
  /** Other fields, such as `location`; with an `etag` those who have the page already get 304. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Level of its line in the log, where the status says too much. */
  readonly logLevel?: "debug" | "info";
}

/** Pages by path. A page may take time, such as collecting metrics. */
export type Pages = Readonly<Record<string, () => PageAnswer | Promise<PageAnswer>>>;

/** Answers an exchange with an error. */
export type Refuse = (exchange: Exchange, record: CallRecord, error: ConnectError) => void;

/** Whether a client has what it asks for (RFC 9110, 13.1.2: weak comparison). */
function isKnown(ifNoneMatch: string | undefined, etag: string | undefined): boolean {
  if (ifNoneMatch === undefined || etag === undefined) return false;
  const tags = ifNoneMatch.split(",").map((tag) => tag.trim().replace(/^W\//, ""));
  return tags.includes(etag) || tags.includes("*");
}

/** Answers with the page, or with its head alone when the client has the rest. Rejects as the page does. */
async function serve(
  exchange: Exchange,
  record: CallRecord,
  page: () => PageAnswer | Promise<PageAnswer>,
) {
  const { status, contentType, body, headers = {}, logLevel } = await page();
  if (logLevel !== undefined) record.level = logLevel;
  const fields = Object.entries({ "cache-control": "no-store", ...headers });
  if (isKnown(exchange.header("if-none-match"), headers.etag)) exchange.respond(304, fields);
  else exchange.respond(status, [...fields, ["content-type", contentType]], body);
}

/** The methods that a page takes. */
const pageMethods = "GET, HEAD, OPTIONS";

/** Serves the pages to GET and HEAD; what else is asked of them, and a page that fails, is refused. */
export function createPagesSurface(pages: Pages, refuse: Refuse): Surface {
  return {
    take(exchange, record) {
      const path = pathOf(exchange.target);
      const page = Object.hasOwn(pages, path) ? pages[path] : undefined;
      if (page === undefined) return false;
      record.endpoint = path;
      switch (exchange.method) {
        case "GET":
        case "HEAD":
          return serve(exchange, record, page).catch((thrown) =>
            refuse(exchange, record, faultFrom(thrown)),
          );
        case "OPTIONS":
          exchange.respond(204, [["allow", pageMethods]]);
          return true;
        default: {
          const headers = { allow: pageMethods };
          const message = `this page takes ${pageMethods}`;
          refuse(exchange, record, fault("METHOD_NOT_ALLOWED", message, { headers }));
          return true;
        }
      }
    },
  };
}
