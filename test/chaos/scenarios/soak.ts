/** 15a: ten minutes of load, after which nothing has grown. */

import { setTimeout as sleep } from "node:timers/promises";
import { startCore } from "../cores.ts";
import { startGateway } from "../gateway.ts";
import { Load } from "../load.ts";
import type { Scenario } from "../scenario.ts";

const sampleMs = 250;
/** What begins with the process has ended by then. */
const settledMinutes = 3;
const minutes = 10;
const shortMs = 5_000;
/** Connections to the core that are kept, and files that were not open yet. */
const kept = 8;
/** Growth that is no leak, a minute. */
const growthMax = 0.01;

/** What was least within each minute, or third of the short form: after a collection, for the heap. */
class Lows {
  readonly #lows: number[] = [];

  add(index: number, value: number): void {
    this.#lows[index] = Math.min(this.#lows[index] ?? Number.POSITIVE_INFINITY, value);
  }

  /** Growth a step from this one on, as a share. */
  growthFrom(index: number): number {
    const [first, last] = [this.#lows[index] ?? Number.NaN, this.#lows.at(-1) ?? Number.NaN];
    return (last / first - 1) / Math.max(1, this.#lows.length - 1 - index);
  }

  text(unit: number, name: string): string {
    return `${this.#lows.map((low) => Math.round(low / unit)).join(" ")} ${name}`;
  }
}

/** See docs/design/chaos.md. */
export const soak: Scenario = {
  number: "15a",
  name: "ten minutes of load",
  passesWhen:
    "0 failed; heap after collections and descriptors grow by less than 1 % a minute from minute 3",
  isTimed: true,
  async run(context) {
    await using core = await startCore();
    await using gateway = await startGateway(context, { config: { cores: [{ url: core.url }] } });
    const atFirst = gateway.descriptors();
    await using load = new Load(context, { gateways: [gateway] });
    context.tell(load.text());
    const stepMs = context.isShort ? shortMs / 5 : 60_000;
    const steps = context.isShort ? 5 : minutes;
    const from = context.isShort ? 2 : settledMinutes;
    const [heap, descriptors] = [new Lows(), new Lows()];
    const beganMs = performance.now();
    for (let step = 0; step < steps; ) {
      heap.add(step, (await gateway.metric("nodejs_heap_size_used_bytes")) ?? Number.NaN);
      descriptors.add(step, gateway.descriptors());
      await sleep(sampleMs);
      step = Math.floor((performance.now() - beganMs) / stepMs);
    }
    const phase = await load.end();
    for (const [name, tally] of Object.entries(phase)) {
      context.claim(name, tally.text(), tally.failed === 0 && tally.count > 0);
    }
    context.tell(`calls: ${phase.unary.timesText()}`);
    await load[Symbol.asyncDispose]();
    await sleep(sampleMs);
    const atLast = gateway.descriptors();
    const left = `${atFirst} before, ${atLast} after the clients have left`;
    context.timed("descriptors", left, atLast <= atFirst + kept);
    const used = heap.text(1e6, "MB");
    const opened = descriptors.text(1, "descriptors");
    // Seconds are too few for collections of the whole heap.
    if (context.isShort) {
      context.tell(`heap, least in each second: ${used}`);
      return;
    }
    context.timed(
      "descriptors, least in each minute",
      opened,
      descriptors.growthFrom(from) < growthMax,
    );
    context.timed("heap, least in each minute", used, heap.growthFrom(from) < growthMax);
  },
};
