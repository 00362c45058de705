/** Plain pages for machines and first visitors: liveness, readiness, metrics and what this gateway is. */

import { fault } from "#errors/fault.ts";
import { faultFrom } from "#errors/from-unknown.ts";
import { Compression, defaultCompression } from "#exchange/compression.ts";
import { type Exchange, type HeaderList, pathOf } from "#exchange/exchange.ts";
import type { FixedBody } from "#exchange/fixed-body.ts";
import type { CallRecord } from "#observability/call-record.ts";
import type { Refuse, Surface } from "./surface.ts";

/** The response of a page. */
export interface PageResponse {
  readonly status: number;
  readonly contentType: string;
  readonly body: string | FixedBody;
  /** Other fields, such as `location`; with an `etag` those who have the page already get 304. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Level of its line in the log, where the status says too much. */
  readonly logLevel?: "debug" | "info";
}

/** Makes a page for a request. It may take time, such as collecting metrics. */
export type Page = (request: Pick<Exchange, "header">) => PageResponse | Promise<PageResponse>;

/** Pages by path. */
export type Pages = Readonly<Record<string, Page>>;

/** Whether a client has what it asks for (RFC 9110, 13.1.2: weak comparison). */
function isKnown(ifNoneMatch: string | undefined, etag: string | undefined): boolean {
  if (ifNoneMatch === undefined || etag === undefined) return false;
  const [opaque, ...tags] = [etag, ...ifNoneMatch.split(",")].map((tag) =>
    tag.trim().replace(/^W\//, ""),
  );
  return tags.some((tag) => tag === opaque || tag === "*");
}

/** Responds with the page, or with its head alone when the client has the rest. Rejects as the page does. */
async function serve(
  exchange: Exchange,
  record: CallRecord,
  page: Page,
  compression: Compression,
): Promise<void> {
  compression.requireAcceptable(exchange);
  const { status, contentType, body, headers = {}, logLevel } = await page(exchange);
  if (logLevel !== undefined) record.level = logLevel;
  const fields: HeaderList = [
    ...Object.entries({ "cache-control": "no-store", ...headers }),
    ["content-type", contentType],
  ];
  if (isKnown(exchange.header("if-none-match"), headers.etag)) {
    compression.notModified(exchange, fields, body);
  } else {
    await compression.respond(exchange, status, fields, body);
  }
}

/** The methods that a page takes. */
const pageMethods = "GET, HEAD, OPTIONS";

/** Serves the pages to GET and HEAD; what else is asked of them, and a page that fails, is refused. */
export function createPagesSurface(
  pages: Pages,
  refuse: Refuse,
  compression = new Compression(defaultCompression),
): Surface {
  return {
    name: "pages",
    take(exchange, record) {
      const path = pathOf(exchange.target);
      const page = Object.hasOwn(pages, path) ? pages[path] : undefined;
      if (page === undefined) return false;
      record.endpoint = path;
      switch (exchange.method) {
        case "GET":
        case "HEAD":
          return serve(exchange, record, page, compression).catch((thrown) =>
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
