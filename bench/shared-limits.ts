/**
 * What a decision of limits costs that gateways share: `node -C source bench/shared-limits.ts [seconds]`.
 * Two gateways' stores in this process, one redis-server beside it, a limit of 1,000 a second. Prints
 * commands a decision, CPU of this process a decision (the load loop alone subtracted), the exactness.
 */

import { setTimeout as sleep } from "node:timers/promises";
import type { LimitStore, Reservation } from "#limits/limit-store.ts";
import { fill, givenBy } from "../test/support/hammered.ts";
import { startRedis } from "../test/support/redis-server.ts";
import { openSharedLimits } from "../test/support/shared-limits.ts";

const seconds = Number(process.argv[2] ?? 5);
const limits = { capacity: 1_000, perSecond: 1_000 };
const key = "key:bench";

/** Decisions a second that each of the two asks for. */
const loads: readonly (readonly [number, number])[] = [
  [450, 450],
  [900, 20],
  [1_500, 1_500],
  [2_400, 20],
];

/** What was asked and granted. */
interface Count {
  asked: number;
  granted: number;
}

/** Asks so often, evenly, for `seconds`. */
async function offer(store: Pick<LimitStore, "reserve">, perSecond: number, count: Count) {
  const startMs = performance.now();
  const asks = [{ key, limits, cost: 1 }];
  const late: Promise<void>[] = [];
  const note = ({ waitMs }: Reservation) => {
    if (waitMs === 0) count.granted += 1;
  };
  for (let done = 0; done < seconds * perSecond; ) {
    const due = Math.min(seconds * perSecond, ((performance.now() - startMs) * perSecond) / 1_000);
    for (; done < due; done += 1) {
      count.asked += 1;
      const reserved = store.reserve(asks);
      if (reserved instanceof Promise) late.push(reserved.then(note));
      else note(reserved);
    }
    await sleep(1);
  }
  await Promise.all(late);
}

/** Microseconds of CPU that `work` takes this process. */
async function cpuUs(work: () => Promise<unknown>): Promise<number> {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return user + system;
}

const free = { reserve: (): Reservation => ({ takes: [], waitMs: 0 }) };

await using server = await startRedis();
console.log(
  "| offered a second | commands a decision | CPU a decision, µs | admitted against exact |",
);
console.log("|---|---|---|---|");
for (const [place, load] of [...loads.slice(-1), ...loads].entries()) {
  // The first is for the compiler.
  const isMeasured = place > 0;
  await using stack = new AsyncDisposableStack();
  const stores = [
    stack.use(await openSharedLimits({ ports: [server.port] })),
    stack.use(await openSharedLimits({ ports: [server.port] })),
  ];
  const idle: Count = { asked: 0, granted: 0 };
  const loopUs = await cpuUs(() => Promise.all(load.map((rate) => offer(free, rate, idle))));
  const count: Count = { asked: 0, granted: 0 };
  const fromMs = fill(server, key, 0);
  const before = stores.reduce((sum, one) => sum + one.sent(), 0);
  const us = await cpuUs(() =>
    Promise.all(load.map((rate, side) => offer(stores[side]?.limits ?? free, rate, count))),
  );
  const sent = stores.reduce((sum, one) => sum + one.sent(), 0) - before;
  await stack.disposeAsync();
  const given = givenBy(server, { key, limits, tokens: 0, fromMs });
  const off = (count.granted / given - 1) * 100;
  const columns = [
    load.join(" + "),
    (sent / count.asked).toFixed(3),
    ((us - loopUs) / count.asked).toFixed(1),
    `${off.toFixed(2)} % of ${given.toFixed(0)}`,
  ];
  if (isMeasured) console.log(`| ${columns.join(" | ")} |`);
}
