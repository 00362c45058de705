/** Errors as clients of model servers expect them: `{"error": "…"}`, whether of the Open Inference Protocol or of TensorFlow Serving. */

import { retryAfterMsFrom } from "#errors/fault.ts";
import { faultFrom } from "#errors/from-unknown.ts";
import { httpStatusFrom } from "#errors/http-status.ts";
import type { Exchange, HeaderList } from "#exchange/exchange.ts";
import { metadataFields } from "#protocol/metadata.ts";
import type { ExchangeCall } from "#rpc/exchange-call.ts";

/** The type of every body that is JSON. */
export const jsonType = ["content-type", "application/json"] as const;

/** Responds with an error; breaks off a response that has begun. */
export function refuseModelCall(exchange: Exchange, call: ExchangeCall, thrown: unknown): void {
  if (exchange.started) {
    exchange.reset();
    return;
  }
  const error = faultFrom(thrown);
  const status = httpStatusFrom(error);
  const retryAfterMs = retryAfterMsFrom(error);
  const headers: HeaderList = [
    ...metadataFields(call.responseHeader),
    ...metadataFields(error.metadata),
    ...(retryAfterMs === undefined
      ? []
      : [["retry-after", String(Math.ceil(retryAfterMs / 1000))] as const]),
    ...(status === 401 ? [["www-authenticate", "Bearer"] as const] : []),
    jsonType,
  ];
  exchange.respond(status, headers, JSON.stringify({ error: error.rawMessage }));
}
