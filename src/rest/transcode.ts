/** The transcoder for any server of node:http or node:http2: Connect routes in, listeners out. */

import { randomUUID } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { createContextValues, type Interceptor } from "@connectrpc/connect";
import { ByteBudget, bufferBytesMaxDefault } from "#core/byte-budget.ts";
import { systemClock } from "#core/clock.ts";
import { fault } from "#errors/fault.ts";
import { declineUpgrade } from "#exchange/declined-upgrade.ts";
import { NodeExchange, type NodeResponse } from "#exchange/node-exchange.ts";
import { aimOf, asksForWebSocket, type NodeRequest, nodeUpgrade } from "#exchange/node-request.ts";
import { afterResponses } from "#exchange/node-turn.ts";
import { createCallPath } from "#rpc/call.ts";
import type { Routes } from "#rpc/mount.ts";
import { restErrorBody } from "./error-body.ts";
import { createRest, type RestOptions, type RestRequest } from "./rest.ts";

/** How requests are read and answered; every bound has a default. */
export interface TranscodeOptions extends Partial<RestOptions> {
  /** What every call runs through; the first is the outermost. Default none. */
  readonly interceptors?: Interceptor[];
  /** Takes the requests whose path no rule knows; default: they are answered 404. */
  readonly fallback?: (request: NodeRequest, response: NodeResponse) => void;
}

const bodyBytesMax = 4 * 1024 * 1024;

/** One request; it gets an id when somebody asks for it, which only errors do. */
class LibraryRequest implements RestRequest {
  readonly values = createContextValues();
  #requestId: string | undefined;

  get requestId(): string {
    this.#requestId ??= randomUUID();
    return this.#requestId;
  }
}

/** Listeners for the events of a server. */
export interface Transcoder {
  /** For `request`. */
  request(request: NodeRequest, response: NodeResponse): void;
  /** For `upgrade`: streaming calls over WebSocket; offers of other protocols are requests like others. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
}

/**
 * Serves the google.api.http rules of the services that `routes` registers. Bodies are bounded to
 * 4 MiB unless set otherwise. Throws an Error for a rule that cannot be.
 */
export function transcode(routes: Routes, options: TranscodeOptions = {}): Transcoder {
  const { interceptors = [], fallback, ...rest } = options;
  const clock = options.clock ?? systemClock;
  const buffers = new ByteBudget(bufferBytesMaxDefault);
  const calls = createCallPath(routes, interceptors);
  const transcoder = createRest(calls, { bodyBytesMax, ...rest, clock });
  const serve = (request: NodeRequest, response: NodeResponse) => {
    const match = transcoder.match(request.method ?? "", aimOf(request).target);
    if (match === undefined && fallback !== undefined) {
      fallback(request, response);
      return;
    }
    const exchange = new NodeExchange(request, response, { buffers });
    const call = new LibraryRequest();
    if (match !== undefined) {
      void transcoder.serve(exchange, match, call);
      return;
    }
    const error = fault("ROUTE_UNKNOWN", "no such path");
    const facts = { requestId: call.requestId, wallMs: clock.wallMs() };
    const { status, headers, body } = restErrorBody(error, facts);
    exchange.respond(status, headers, body);
  };
  return {
    request: serve,
    upgrade: (request, socket, head) =>
      afterResponses(request.socket, () => {
        if (!asksForWebSocket(request)) {
          declineUpgrade(request, serve);
          return;
        }
        const upgrade = nodeUpgrade(request, socket, head);
        void transcoder.upgrade(
          upgrade,
          transcoder.matchUpgrade(upgrade.target),
          new LibraryRequest(),
        );
      }),
  };
}
