/** What only responses with vectors need of a surface: they are long. */

import { turns } from "#core/turns.ts";
import type { Exchange, HeaderList } from "#exchange/exchange.ts";

/** Elements of a request's body: OpenAI takes 300,000 tokens, and clients send those as lists of numbers. */
export const embedElementsMax = 310_000;

/** Characters that are gathered before they are sent. */
const pieceLength = 64 * 1024;

/** Sends a body that is made while it is sent: at once if it is short, else as fast as its reader takes it. */
export async function sendPieces(
  exchange: Exchange,
  headers: HeaderList,
  pieces: Iterable<string>,
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
  } else {
    exchange.respond(200, headers, gathered);
  }
}
