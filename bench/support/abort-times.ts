/** How soon a provider sees that the client has left: from the client's leaving to the end of the gateway's call. */

import { setTimeout as sleep } from "node:timers/promises";
import { type Begin, leavingClients } from "../../test/support/leaving-clients.ts";
import { type ProviderDouble, startProvider } from "../../test/support/provider-double.ts";
import { benchKey } from "./chat.ts";
import type { Effort } from "./contest.ts";
import { gateway } from "./gateways.ts";
import { startServer } from "./server-process.ts";
import { figure, median } from "./statistics.ts";
import type { Table } from "./table.ts";

/** Calls of each way, for each round. */
const callsPerRound = 10;
/** Frames of a stream of the double that hold its first words. */
const framesToContent = 4;
/** Longest time that anything here is waited for. */
const timeoutMs = 10_000;

/** When a client leaves. */
type Phase = "before the first token" | "in the midst" | "whole response";

async function until<T>(look: () => T | undefined): Promise<T> {
  for (const untilMs = performance.now() + timeoutMs; performance.now() < untilMs; ) {
    const found = look();
    if (found !== undefined) return found;
    await sleep(1);
  }
  throw new Error("nothing came of it in time");
}

/** Milliseconds from leaving one call to the provider's seeing it. */
async function timeOf(provider: ProviderDouble, begin: Begin, phase: Phase): Promise<number> {
  const before = provider.received.length;
  provider.illness =
    phase === "in the midst" ? { kind: "stall_after", frames: framesToContent } : { kind: "stall" };
  const call = begin("bench/double", "Hi");
  const ended = call.done.catch(() => {});
  const received = await until(() => provider.received[before]);
  if (phase === "in the midst") await call.content;
  // What is on its way when the client leaves is not what is measured.
  await sleep(2);
  const leftMs = performance.now();
  call.leave();
  const seenMs = await until(() => received.abortedAtMs);
  await ended;
  return seenMs - leftMs;
}

/** A table of every client and phase. */
export async function abortTimes({ rounds }: Effort): Promise<Table> {
  await using provider = await startProvider("openai-chat");
  const settings = {
    providers: { bench: { dialect: "openai", base_url: provider.url, api_key: "upstream-key" } },
  };
  await using server = await startServer(gateway(settings));
  const url = `http://127.0.0.1:${server.port}`;
  const { streams, whole } = leavingClients({ url, key: benchKey });
  const ways: (readonly [string, Phase, Begin])[] = [
    ...Object.entries(streams).flatMap(([name, begin]) => [
      [name, "before the first token", begin] as const,
      [name, "in the midst", begin] as const,
    ]),
    ...Object.entries(whole).map(([name, begin]) => [name, "whole response", begin] as const),
  ];
  const rows: string[][] = [];
  for (const [name, phase, begin] of ways) {
    // The first call loads what only such calls need.
    await timeOf(provider, begin, phase);
    const times: number[] = [];
    for (let call = 0; call < rounds * callsPerRound; call += 1) {
      times.push(await timeOf(provider, begin, phase));
    }
    rows.push([name, phase, figure(median(times)), figure(Math.max(...times))]);
  }
  return {
    title: "A client that leaves",
    note: [
      "Milliseconds from a client's leaving to the provider's seeing that its call was given up, one call at a time over loopback. Clients of HTTP/1.1 close",
      "their connection, which may also mean that they send no more and still read: the gateway tells the two apart by writing.",
    ].join("\n"),
    columns: ["client", "left", "median ms", "greatest ms"],
    rows,
  };
}
