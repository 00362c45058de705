/** 14: the configuration is replaced: by bad, half written, huge and good ones. */

import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { startCore } from "../cores.ts";
import { type ChaosGateway, startGateway } from "../gateway.ts";
import { Load } from "../load.ts";
import { type Scenario, Skipped } from "../scenario.ts";

const usedWithinMs = 1_000;
const patienceMs = 10_000;
const pollMs = 20;

/** Puts a text in the place of the configuration, as an editor does, and says so. */
function replace(gateway: ChaosGateway, text: string): void {
  writeFileSync(`${gateway.configPath}.new`, text);
  renameSync(`${gateway.configPath}.new`, gateway.configPath);
  gateway.signal("SIGHUP");
}

/** Whether a model of this name is listed. */
async function lists({ url }: ChaosGateway, model: string): Promise<boolean> {
  return (await (await fetch(`${url}/v1/models`)).text()).includes(`"${model}"`);
}

/** See docs/design/chaos.md. */
export const reload: Scenario = {
  number: "14",
  name: "reload: bad, half written, huge and good configurations, 20 times",
  passesWhen: "0 failed; the last good one stays; a good one holds within 1 s",
  async run(context) {
    await using core = await startCore();
    const provider = { dialect: "openai", base_url: core.url, api_key: "a-key-of-nobody" };
    const routed = (round: number) => ({
      cores: [{ url: core.url }],
      providers: { nobody: provider },
      routes: { [`round-${round}`]: { fallback: [{ provider: "nobody", model: "m" }] } },
    });
    await using gateway = await startGateway(context, { config: routed(0) });
    if (!(await gateway.declares("config_reload_total"))) {
      throw new Skipped("not built yet: reload of the configuration by SIGHUP");
    }
    await using load = new Load(context, { gateways: [gateway] });
    context.tell(load.text());
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
      const changedMs = performance.now();
      replace(gateway, next);
      while (!(await lists(gateway, `round-${round}`))) {
        if (performance.now() - changedMs > patienceMs) break;
        await sleep(pollMs);
      }
      good = round;
      longestMs = Math.max(longestMs, performance.now() - changedMs);
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
