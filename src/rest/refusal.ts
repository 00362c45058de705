/** Answers what never becomes a call, in the words of the wire that it came by. */

import type { ConnectError } from "@connectrpc/connect";
import type { Exchange } from "#exchange/exchange.ts";
import { type ErrorFacts, restErrorBody } from "./error-body.ts";

/** gRPC's percent-encoding of grpc-message (PROTOCOL-HTTP2.md): printable ASCII but `%` stays. */
function grpcMessage(text: string): string {
  return [...Buffer.from(text)]
    .map((byte) =>
      byte >= 0x20 && byte <= 0x7e && byte !== 0x25
        ? String.fromCharCode(byte)
        : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`,
    )
    .join("");
}

/** A gRPC or gRPC-Web client gets a status, trailers only; everybody else the REST error body. */
export function refuse(exchange: Exchange, error: ConnectError, facts: ErrorFacts): void {
  const contentType = exchange.header("content-type") ?? "";
  if (contentType.startsWith("application/grpc")) {
    exchange.respond(200, [
      ["content-type", contentType],
      ["grpc-status", String(error.code)],
      ["grpc-message", grpcMessage(error.rawMessage)],
    ]);
    return;
  }
  const { status, headers, body } = restErrorBody(error, facts);
  exchange.respond(status, headers, body);
}
