/** `OPTIONS *`: what the server as a whole takes (RFC 9110, 9.3.7), whatever its paths take. */

import type { Surface } from "./door.ts";

/** Answers that one request and leaves all others. */
export const serverOptions: Surface = {
  take(exchange, record) {
    if (exchange.method !== "OPTIONS" || exchange.target !== "*") return false;
    record.endpoint = "*";
    exchange.respond(204, [["allow", "GET, HEAD, POST, OPTIONS"]]);
    return true;
  },
};
