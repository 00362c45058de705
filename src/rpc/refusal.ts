/** Responses to requests that are no call: in the format of an RPC protocol, or as a bare HTTP status. */

import type { ConnectError } from "@connectrpc/connect";
import type { Exchange, HeaderList } from "#exchange/exchange.ts";
import { connectErrorJson } from "./connect-error.ts";
import { rpcTypeOf } from "./content-type.ts";
import { statusFields } from "./status.ts";

/** Plain JSON is spoken by others, too; Connect's clients say their version with it. */
function speaksConnect(exchange: Pick<Exchange, "header">): boolean {
  const { protocol, format } = rpcTypeOf(exchange.header("content-type")) ?? {};
  return (
    protocol === "connect-stream" ||
    (protocol === "connect" && format === "proto") ||
    exchange.header("connect-protocol-version") !== undefined
  );
}

/** A request without a response. */
interface Unanswered extends Pick<Exchange, "header" | "sharedFields"> {
  respond(status: number, headers: HeaderList, body?: string): void;
}

/** Responds to a client that speaks an RPC protocol that its path is no method's; false when it speaks none. */
export function refuseUnknown(exchange: Unanswered, error: ConnectError): boolean {
  const contentType = exchange.header("content-type") ?? "";
  const isGrpc = contentType.startsWith("application/grpc");
  if (!(isGrpc || speaksConnect(exchange))) return false;
  exchange.sharedFields = undefined;
  if (isGrpc) {
    exchange.respond(200, [["content-type", contentType], ...statusFields(error)]);
    return true;
  }
  const head: HeaderList = [["content-type", "application/json"]];
  exchange.respond(404, head, JSON.stringify(connectErrorJson(error)));
  return true;
}

/** Why a request is none that its procedure takes. */
export interface Refusal {
  /** Status that clients of every protocol have a code for. */
  readonly status: number;
  readonly text: string;
  readonly headers: HeaderList;
}

/** Answers with a status and a text for people: a body in JSON would be taken for a call's. */
export function refuse(exchange: Exchange, { status, text, headers }: Refusal): void {
  const head: HeaderList = [["content-type", "text/plain; charset=utf-8"], ...headers];
  exchange.respond(status, head, `${text}\n`);
}
