/** `OPTIONS *`: what the server as a whole takes (RFC 9110, 9.3.7), whatever its paths take. */

import type { Surface } from "./surface.ts";

/** Answers that one request and leaves all others. */
export const serverOptions: Surface = {
  name: "server",
  take(exchange, record) {
    if (exchange.method !== "OPTIONS" || exchange.target !== "*") return false;
    record.endpoint = "*";
    exchange.respond(204, [["allow", "GET, HEAD, POST, OPTIONS"]]);
    return true;
  },
};
