/** 14: the configuration is replaced: by bad, half written, huge and good ones. */

import { readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { ownTime } from "../../support/process-figures.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";
import { startCore } from "../cores.ts";
import { type ChaosGateway, pageOf, startGateway, takes } from "../gateway.ts";
import { Load } from "../load.ts";
import { mountedFolder } from "../mounted-folder.ts";
import type { Scenario } from "../scenario.ts";

const usedWithinMs = 1_000;
const patienceMs = 10_000;
const pollMs = 20;

/** Puts a text in the place of the configuration, as an editor does, and says so. */
function replace(gateway: ChaosGateway, text: string): void {
  writeFileSync(`${gateway.configPath}.new`, text);
  renameSync(`${gateway.configPath}.new`, gateway.configPath);
  gateway.signal("SIGHUP");
}

const threads = 2;

/** Whether all threads list a model of this name: connections are spread evenly over them. */
async function lists({ url }: ChaosGateway, model: string): Promise<boolean> {
  const pages = Array.from({ length: 2 * threads }, () => pageOf(`${url}/v1/models`));
  return (await Promise.all(pages)).every((page) => page.includes(`"${model}"`));
}

/** Own time of the gateway until all threads list the model of a round. */
async function listedAfter(gateway: ChaosGateway, round: number, change: () => void) {
  const untilMs = performance.now() + patienceMs;
  const passedMs = ownTime([gateway]);
  change();
  while (!(await lists(gateway, `round-${round}`)) && performance.now() < untilMs) {
    await sleep(pollMs);
  }
  return passedMs();
}

/** See docs/design/chaos.md. */
export const reload: Scenario = {
  number: "14",
  name: "reload: bad, half written, huge and good configurations, 20 times; the last as a ConfigMap",
  passesWhen: "0 failed; the last good one stays; a good one holds on all threads within 1 s",
  isTimed: true,
  async run(context) {
    await using core = await startCore();
    const provider = { dialect: "openai", base_url: core.url, api_key: "a-key-of-nobody" };
    const routed = (round: number) => ({
      cores: [{ url: core.url }],
      providers: { nobody: provider },
      routes: { [`round-${round}`]: { fallback: [{ provider: "nobody", model: "m" }] } },
    });
    const workers = (await takes(context, { workers: threads })) ? threads : 1;
    await using folder = await temporaryFolder();
    await using gateway = await startGateway(context, {
      config: { ...routed(0), workers },
      folder: folder.path,
    });
    await using load = new Load(context, { gateways: [gateway] });
    context.tell(`${load.text()}; ${workers} threads`);
    await sleep(500);
    const text = readFileSync(gateway.configPath, "utf8");
    const refused = async () => {
      const taken = (await gateway.metric("config_reload_total", 'result="ok"')) ?? 0;
      return ((await gateway.metric("config_reload_total")) ?? 0) - taken;
    };
    let good = 0;
    let longestMs = 0;
    for (let round = 1; round <= (context.isShort ? 2 : 20); round += 1) {
      const next = text.replaceAll("round-0", `round-${round}`);
      for (const [what, bad] of [
        ["bad", next.replace('"routes"', '"no_such_setting"')],
        ["half written", next.slice(0, next.length / 2)],
        ["huge", `${next}\n#${"x".repeat(20_000_000)}`],
      ] as const) {
        const before = await refused();
        replace(gateway, bad);
        const endMs = performance.now() + patienceMs;
        while ((await refused()) === before && performance.now() < endMs) await sleep(pollMs);
        const stays = await lists(gateway, `round-${good}`);
        const isRefused = (await refused()) > before;
        context.claim(`a ${what} one`, isRefused ? "is refused" : "is taken", isRefused && stays);
      }
      good = round;
      longestMs = Math.max(
        longestMs,
        await listedAfter(gateway, good, () => replace(gateway, next)),
      );
    }
    const mounted = mountedFolder(join(folder.path, "mounted"));
    const swap = (round: number) =>
      mounted.put({ "gateway.yaml": text.replaceAll("round-0", `round-${round}`) });
    swap(good);
    context.tell("the file becomes a link into a ConfigMap, which is replaced, and nobody says so");
    rmSync(gateway.configPath);
    symlinkSync(join(mounted.path, "gateway.yaml"), gateway.configPath);
    for (let count = 0; count < 2; count += 1) {
      good += 1;
      const ms = await listedAfter(gateway, good, () => swap(good));
      context.claim(
        "a ConfigMap",
        (await lists(gateway, `round-${good}`)) ? "holds" : "is not seen",
        await lists(gateway, `round-${good}`),
      );
      longestMs = Math.max(longestMs, ms);
    }
    context.timed(
      "a good one holds after",
      `${Math.round(longestMs)} ms`,
      longestMs < usedWithinMs,
    );
    const phase = await load.end();
    for (const [name, tally] of Object.entries(phase)) {
      context.claim(name, tally.text(), tally.failed === 0 && tally.count > 0);
    }
  },
};
