/** Errors as clients of model servers expect them: `{"error": "…"}`, whether of the Open Inference Protocol or of TensorFlow Serving. */

import type { ConnectError } from "@connectrpc/connect";
import type { Arrival } from "#entry/surface.ts";
import { retryAfterMsFrom } from "#errors/fault.ts";
import { faultFrom } from "#errors/from-unknown.ts";
import { httpStatusFrom } from "#errors/http-status.ts";
import type { Exchange, HeaderList } from "#exchange/exchange.ts";
import { metadataFields } from "#protocol/metadata.ts";
import type { ExchangeCall } from "#rpc/exchange-call.ts";

/** The type of every body that is JSON. */
export const jsonType = ["content-type", "application/json"] as const;

/** An error, ready to be sent. */
interface WrittenError {
  readonly status: number;
  readonly headers: HeaderList;
  readonly body: string;
}

/** An error as a response, with its own metadata and what HTTP asks for besides its status. */
function written(thrown: unknown): WrittenError {
  const error = faultFrom(thrown);
  const status = httpStatusFrom(error);
  const retryAfterMs = retryAfterMsFrom(error);
  const headers: HeaderList = [
    ...metadataFields(error.metadata),
    ...(retryAfterMs === undefined
      ? []
      : [["retry-after", String(Math.ceil(retryAfterMs / 1000))] as const]),
    ...(status === 401 && !error.metadata.has("www-authenticate")
      ? [["www-authenticate", "Bearer"] as const]
      : []),
    jsonType,
  ];
  return { status, headers, body: JSON.stringify({ error: error.rawMessage }) };
}

/** Responds with an error; breaks off a response that has begun. */
export function refuseModelCall(exchange: Exchange, call: ExchangeCall, thrown: unknown): void {
  if (exchange.started) {
    exchange.reset();
    return;
  }
  const { status, headers, body } = written(thrown);
  exchange.respond(status, [...metadataFields(call.responseHeader), ...headers], body);
}

/** Responds to an arrival that no surface took. */
export function refuseArrival(arrival: Arrival, error: ConnectError): void {
  const { status, headers, body } = written(error);
  arrival.respond(status, headers, body);
}
