/** Loaded into a gateway and its threads: the first thread with connections that finds an order throws. */

import { rmSync } from "node:fs";
import { isMainThread } from "node:worker_threads";

const { CHAOS_ORDER: order } = process.env;
const pollMs = 20;

function look(): void {
  if (order === undefined || !process.getActiveResourcesInfo().includes("TCPSocketWrap")) return;
  try {
    // Whoever removes it has been given it.
    rmSync(order);
  } catch {
    return;
  }
  throw new Error("a fault that nobody catches");
}

if (!isMainThread) setInterval(look, pollMs).unref();
