/** 15c: a fifth of a processor. */

import { mkdirSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { ownTime } from "../../support/process-figures.ts";
import { startCore } from "../cores.ts";
import { startGateway } from "../gateway.ts";
import { Load } from "../load.ts";
import { type Scenario, Skipped } from "../scenario.ts";

const quotaShare = 0.2;
const periodUs = 100_000;
const lagMs = 50;
const recoversWithinMs = 5_000;
const pollMs = 20;
const lightEveryMs = 50;
/** Large calls of low priority at one time: more than any processor does in a fifth of its time. */
const heavyLines = 4;
const heavy = JSON.stringify({ message: "a word or two ".repeat(20_000) });
const light = JSON.stringify({ message: "hi" });
const keys = { normal: "a-key-of-normal-calls-0001", batch: "a-key-of-batch-calls-00001" };

/** A group of processes that has so much of a processor, by the first or the second version of cgroups. */
function limitedGroup(): Disposable & { add(pid: number): void; limit(share: number): void } {
  const name = `polygate-chaos-${process.pid}`;
  const isFirst = join("/sys/fs/cgroup/cpu", name);
  const isSecond = join("/sys/fs/cgroup", name);
  for (const [path, write] of [
    [
      isFirst,
      (share: number) => {
        writeFileSync(join(isFirst, "cpu.cfs_period_us"), String(periodUs));
        const quotaUs = share === 1 ? -1 : Math.round(share * periodUs);
        writeFileSync(join(isFirst, "cpu.cfs_quota_us"), String(quotaUs));
      },
    ],
    [
      isSecond,
      (share: number) => {
        const quota = share === 1 ? "max" : String(Math.round(share * periodUs));
        writeFileSync(join(isSecond, "cpu.max"), `${quota} ${periodUs}`);
      },
    ],
  ] as const) {
    try {
      mkdirSync(path);
    } catch {
      continue;
    }
    try {
      write(1);
    } catch {
      rmdirSync(path);
      continue;
    }
    return {
      add: (pid) => writeFileSync(join(path, "cgroup.procs"), String(pid)),
      limit: write,
      [Symbol.dispose]: () => rmdirSync(path),
    };
  }
  throw new Skipped("no group of processes with a processor quota can be made here (cgroup)");
}

/** See docs/design/chaos.md. */
export const starved: Scenario = {
  number: "15c",
  name: "a processor quota of 20 %",
  passesWhen: "starved: sheds calls of low priority with RetryInfo; recovers within 5 s",
  isTimed: true,
  async run(context) {
    using group = limitedGroup();
    await using core = await startCore();
    await using gateway = await startGateway(context, {
      config: {
        cores: [{ url: core.url }],
        // Out of each 100 ms the system gives it 20: who has used them up is 80 late, and never more.
        overload: { lag: `${lagMs}ms` },
        auth: {
          keys: [
            { name: "normal", key: keys.normal },
            { name: "batch", key: keys.batch, scopes: ["batch"] },
          ],
        },
      },
    });
    const headers = { authorization: `Bearer ${keys.normal}` };
    await using load = new Load(context, { gateways: [gateway], headers, deadlineMs: 60_000 });
    context.tell(load.text());
    await sleep(500);
    group.add(gateway.pid);
    group.limit(quotaShare);
    context.tell("the gateway has a fifth of a processor");
    const ask = async (body: string) => {
      const response = await fetch(`${gateway.url}/api/v1/chat`, {
        method: "POST",
        headers: { "content-type": "application/json", authorization: `Bearer ${keys.batch}` },
        body,
      });
      const { error } = (await response.json()) as { error?: { code: string } };
      return { code: error?.code ?? "OK", retryAfter: response.headers.get("retry-after") };
    };
    const seen = new Map<string, number>();
    const endMs = performance.now() + (context.isShort ? 3_000 : 20_000);
    let retries = 0;
    const count = async (body: string) => {
      const { code, retryAfter } = await ask(body);
      seen.set(code, (seen.get(code) ?? 0) + 1);
      if (code === "LOAD_SHED" && retryAfter !== null) retries += 1;
    };
    const heavyLine = async () => {
      while (performance.now() < endMs) {
        await count(heavy);
        await sleep(pollMs);
      }
    };
    const asked = Array.from({ length: heavyLines }, heavyLine);
    // By the clock: who waits for the last response does not see what is refused meanwhile.
    while (performance.now() < endMs) {
      asked.push(count(light));
      await sleep(lightEveryMs);
    }
    group.limit(1);
    const liftedMs = performance.now();
    const passedMs = ownTime([gateway]);
    context.tell("the quota is lifted");
    while (
      (await ask(light)).code !== "OK" &&
      performance.now() - liftedMs < 2 * recoversWithinMs
    ) {
      await sleep(pollMs);
    }
    const backMs = Math.round(passedMs());
    context.timed(
      "calls of low priority are taken again after",
      `${backMs} ms`,
      backMs < recoversWithinMs,
    );
    await Promise.all(asked);
    const shed = seen.get("LOAD_SHED") ?? 0;
    const text = [...seen].map(([code, count]) => `${count} × ${code}`).join(", ");
    context.claim("calls of low priority", text, shed > 0 && retries === shed);
    const { unary } = await load.end();
    context.claim("the other calls", unary.text(), unary.failed === 0 && unary.count > 0);
    context.claim("the gateway", gateway.end ?? "lives", gateway.end === undefined);
    gateway.signal("SIGKILL");
    await gateway.ended();
  },
};
