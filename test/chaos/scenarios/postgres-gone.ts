/** 6: the database of the history is gone for a while. */

import { setTimeout as sleep } from "node:timers/promises";
import { missingPostgres, startPostgres } from "../../support/postgres-server.ts";
import { startCore } from "../cores.ts";
import { startGateway } from "../gateway.ts";
import { Load } from "../load.ts";
import { type Scenario, Skipped } from "../scenario.ts";

const pollMs = 100;
const patienceMs = 15_000;
/** What the queue of a minute of history may hold, with what the load itself makes. */
const growthMax = 60e6;

/** See docs/design/chaos.md. */
export const postgresGone: Scenario = {
  number: "6",
  name: "PostgreSQL gone for 60 s",
  passesWhen: "no call 5 ms slower; queue bounded, drops counted; catches up",
  isTimed: true,
  async run(context) {
    if (missingPostgres !== undefined) throw new Skipped(missingPostgres);
    await using postgres = await startPostgres();
    const database = await postgres.database();
    await using core = await startCore();
    const config = { cores: [{ url: core.url }], history: { url: database } };
    await using gateway = await startGateway(context, { config });
    await using load = new Load(context, { gateways: [gateway] });
    context.tell(`${load.text()}; the history is kept in PostgreSQL`);
    await sleep(1_000);
    load.next();
    await sleep(context.isShort ? 1_500 : 20_000);
    const before = load.next();
    const residentBytes = gateway.residentBytes();
    await postgres.stop();
    context.tell("PostgreSQL is stopped");
    await sleep(context.isShort ? 2_500 : 60_000);
    const away = load.next();
    const grown = gateway.residentBytes() - residentBytes;
    const health = await fetch(`${gateway.url}/api/v1/health`);
    const { services } = (await health.json()) as { services: Record<string, { status: string }> };
    context.claim(
      "health of the history",
      services.history?.status ?? "absent",
      services.history?.status === "degraded",
    );
    await postgres.start();
    context.tell("PostgreSQL is back");
    await load.end();
    const calls = (await gateway.metric("ai_gateway_requests_total")) ?? 0;
    const lost = (await gateway.metric("gateway_records_lost_total", 'record="history"')) ?? 0;
    const kept = async () => {
      const sql =
        "SELECT coalesce(sum(requests), 0) AS kept FROM polygate_history WHERE step_ms = 10000";
      const [row] = await postgres.query(database, sql);
      return Number(row?.kept);
    };
    const endMs = performance.now() + patienceMs;
    while ((await kept()) + lost < calls && performance.now() < endMs) await sleep(pollMs);
    for (const [name, { unary, streams, connections }] of [
      ["before", before],
      ["while it was gone", away],
    ] as const) {
      const failed = unary.failed + streams.failed + connections.failed;
      context.claim(`calls ${name}`, unary.text(), failed === 0 && unary.count > 0);
    }
    for (const share of [0.5, 0.99]) {
      const [was, is] = [before.unary.quantileMs(share), away.unary.quantileMs(share)];
      const text = `${was.toFixed(1)} ms before, ${is.toFixed(1)} ms while it was gone`;
      context.timed(`p${share * 100}`, text, is < was + 5);
    }
    context.timed("memory grown meanwhile", `${Math.round(grown / 1e6)} MB`, grown < growthMax);
    const found = await kept();
    context.claim(
      "calls in the history",
      `${found} kept, ${lost} lost, of ${calls}`,
      found + lost === calls,
    );
  },
};
