/** Sends bodies that are long, and made while they are sent. */

import { turns } from "#core/turns.ts";
import type { Compression } from "#exchange/compression.ts";
import type { Exchange, HeaderList } from "#exchange/exchange.ts";

/** Characters that are gathered before they are sent. */
const pieceLength = 64 * 1024;

/**
 * Sends a body that is made while it is sent: at once if it is short, in the coding that its client
 * wants where there is a `compression`; else as fast as its reader takes it.
 */
export async function sendPieces(
  exchange: Exchange,
  headers: HeaderList,
  pieces: Iterable<string>,
  compression?: Compression,
): Promise<void> {
  let gathered = "";
  for (const piece of pieces) {
    gathered += piece;
    if (gathered.length >= pieceLength) {
      if (!exchange.started) exchange.start(200, headers);
      await exchange.write(gathered);
      gathered = "";
    }
    // The next piece takes its time to be made: others get their turn before.
    await turns.next();
  }
  if (exchange.started) {
    if (gathered !== "") await exchange.write(gathered);
    exchange.end();
  } else if (compression !== undefined) {
    await compression.respond(exchange, 200, headers, gathered);
  } else {
    exchange.respond(200, headers, gathered);
  }
}
