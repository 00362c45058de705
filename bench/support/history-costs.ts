/** What it costs to write a call down in the history. */

import { join } from "node:path";
import { systemClock } from "#core/clock.ts";
import { MemoryHistory } from "#history/memory-store.ts";
import { HistoryRecorder } from "#history/recorder.ts";
import { SqliteHistory } from "#history/sqlite-store.ts";
import { type HistoryStore, resolutionsOf } from "#history/store.ts";
import type { EndedCall } from "#observability/call-journal.ts";
import { samplesOf } from "#services/history-samples.ts";
import { recordOf } from "./chain.ts";
import type { Effort } from "./contest.ts";
import { batch, type Way, waysTable } from "./in-process.ts";
import { folder } from "./programs.ts";
import type { Table } from "./table.ts";

const resolutions = resolutionsOf(30 * 24 * 3_600_000);
const providerCount = 5;
const modelCount = 4;

/** Calls that have ended, each with one try, over all providers and models. */
function endedCalls(): readonly EndedCall[] {
  return Array.from({ length: providerCount * modelCount }, (_, index) => {
    const record = recordOf(`call-${index}`);
    record.promptTokens = 500;
    record.completionTokens = 300;
    record.cost = 0.002;
    record.tries = [
      {
        pool: `provider-${index % providerCount}`,
        endpoint: "http://127.0.0.1:8000/v1",
        model: `model-${index % modelCount}`,
        algorithm: "scored",
        outcome: "OK",
        startedMs: record.startMs + 1,
        elapsedMs: 300 + index,
        firstMs: 100 + index,
      },
    ];
    const outcome = {
      procedure: "polygate.v1.ChatService/Chat",
      code: "OK",
      level: "info" as const,
    };
    return { record, outcome, elapsedMs: 302 + index, endedWallMs: 0 };
  });
}

/** A call after the other is written down; `withBatches` has each batch of them written to the store. */
function wayOf(name: string, store: HistoryStore, withBatches: boolean): Way {
  const recorder = new HistoryRecorder({ store, resolutions, clock: systemClock });
  const calls = endedCalls();
  let next = 0;
  return {
    name,
    run() {
      const call = calls[next] as EndedCall;
      next = (next + 1) % calls.length;
      const ended = { ...call, endedWallMs: systemClock.wallMs() };
      for (const sample of samplesOf(ended)) recorder.add(sample);
    },
    ...(withBatches ? { end: () => recorder.flush() } : {}),
  };
}

/** CPU time of the history for each call. */
export async function historyCosts(effort: Effort): Promise<Table> {
  await using open = new AsyncDisposableStack();
  const memory = () => open.use(new MemoryHistory());
  const file = open.use(new SqliteHistory(join(folder, "history.sqlite")));
  return await waysTable(
    {
      title: "Update of the history",
      note: [
        `Calls of ${providerCount} providers and ${modelCount} models are summed up in steps of ten seconds, a minute and an hour. What happens on a call's path is the first row; in the others`,
        `writing a batch to the store, here after each ${batch.toLocaleString("en-US")} calls, is shared out over its calls.`,
      ].join("\n"),
      column: "what",
    },
    [
      wayOf("on the call's path", memory(), false),
      wayOf("with its batch, in memory", memory(), true),
      wayOf("with its batch, in a SQLite file", file, true),
    ],
    effort,
  );
}
