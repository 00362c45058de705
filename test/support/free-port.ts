/** A loopback port that nobody uses. */

import { once } from "node:events";
import { createServer } from "node:net";

/** Free at the time of asking: for programs that must be told a port before they open it. */
export async function freePort(): Promise<number> {
  const holder = createServer().listen(0, "127.0.0.1");
  await once(holder, "listening");
  const address = holder.address();
  if (address === null || typeof address === "string") throw new Error("no port was given");
  holder.close();
  await once(holder, "close");
  return address.port;
}
