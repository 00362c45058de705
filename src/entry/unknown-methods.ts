/** Methods that the server knows for no path at all (RFC 9110 §15.6.2), over whichever version of HTTP they come. */

import { fault } from "#errors/fault.ts";
import type { Exchange } from "#exchange/exchange.ts";
import { isKnownMethod } from "#http1/method.ts";
import type { Refuse, Surface } from "./surface.ts";

/**
 * Refuses them with 501, as the HTTP/1.1 engine does before there is an exchange, and leaves all
 * others. `isServed` knows the methods that the settings add.
 */
export function createUnknownMethods(
  refuse: Refuse,
  isServed: (exchange: Exchange) => boolean,
): Surface {
  return {
    name: "unknown methods",
    take(exchange, record) {
      if (isKnownMethod(exchange.method) || isServed(exchange)) return false;
      refuse(exchange, record, fault("METHOD_UNKNOWN", "the method is not known to this server"));
      return true;
    },
  };
}
