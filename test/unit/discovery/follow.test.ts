/** Members of a pool follow a name: who joins and leaves, and how soon it is asked for again. */

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { DiscoverySettings } from "#backends/discovery-settings.ts";
import { type DiscoveryEvent, follow } from "#discovery/follow.ts";
import { startDns } from "../../support/dns-double.ts";
import { startKubernetes } from "../../support/kubernetes-double.ts";
import { createManualClock } from "../../support/manual-clock.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";
import { fixture } from "../../support/tls.ts";

const wire = { scheme: "http", path: "/v1", endpointsMax: 8 } as const;

/** What follows a name: its pool, what is told, and how long it waits each time. */
function following(discovery: DiscoverySettings) {
  const manual = createManualClock();
  const pausesMs: number[] = [];
  const clock = {
    ...manual,
    async sleep(ms: number, signal?: AbortSignal) {
      pausesMs.push(ms);
      await manual.sleep(ms, signal);
    },
  };
  const events: DiscoveryEvent[] = [];
  const members: string[] = [];
  const pool = {
    join: ({ id, weight }: { id: string; weight: number }) => members.push(`+${id} ${weight}`),
    leave: (id: string) => members.push(`-${id}`),
    weigh: (id: string, weight: number) => members.push(`${id} ${weight}`),
  };
  const opened: string[] = [];
  const open = async ({ url, address }: { url: string; address: string }) => {
    opened.push(`${url} at ${address}`);
    return {} as never;
  };
  const run = follow(
    { pool: pool as never, discovery, prefix: "m", weight: 2, open },
    { clock, rng: { next: () => 0.5 } as never, onDiscovery: (event) => events.push(event) },
  );
  return { run, clock, events, members, opened, pausesMs };
}

test("a name in DNS is asked for each interval at least, each second at most, and after five of failure", async () => {
  await using dns = await startDns();
  dns.zone.set("vllm.test", { A: ["10.0.0.5"], AAAA: ["2001:db8:0:0:0:0:0:5"], ttl: 3_600 });
  const { run, clock, events, members, opened, pausesMs } = following({
    ...{ ...wire, source: "dns", written: "vllm.test:8000", name: "vllm.test", port: 8_000 },
    ...{ records: "addresses", host: "vllm.test", servers: [dns.address], intervalMs: 30_000 },
  });
  await using _run = run;
  await clock.untilSleeping(1);
  const about = { source: "dns", name: "vllm.test:8000" };
  const both = ["m-1 10.0.0.5:8000", "m-2 [2001:db8::5]:8000"];
  expect(events).toEqual([{ kind: "changed", ...about, count: 2, joined: both, left: [] }]);
  expect(members).toEqual(["+m-1 2", "+m-2 2"]);
  expect(opened).toEqual([
    "http://vllm.test:8000/v1 at 10.0.0.5",
    "http://vllm.test:8000/v1 at 2001:db8::5",
  ]);
  dns.zone.set("vllm.test", { A: ["10.0.0.5"], ttl: 0 });
  await clock.advance(30_000);
  await clock.untilSleeping(1);
  expect(events[1]).toEqual({
    ...{ kind: "changed", ...about, count: 1, joined: [], left: [both[1]] },
  });
  expect(members.slice(2)).toEqual(["-m-2"]);
  dns.mood = "failing";
  await clock.advance(1_000);
  await clock.untilSleeping(1);
  dns.mood = "well";
  await clock.advance(5_000);
  await clock.untilSleeping(1);
  expect(events.slice(2)).toMatchObject([
    { kind: "failing", ...about, cause: { code: "ESERVFAIL" } },
    { kind: "working", ...about },
  ]);
  expect(pausesMs).toEqual([30_000, 1_000, 5_000, 1_000]);
});

test("Kubernetes is asked again after pauses that double and differ, and its changes are made together", async () => {
  await using api = await startKubernetes();
  await using folder = await temporaryFolder();
  const tokenFile = join(folder.path, "token");
  writeFileSync(tokenFile, "a-token");
  api.mood = "refusing";
  const { run, clock, events, pausesMs } = following({
    ...{ ...wire, source: "kubernetes", written: "cores.prod:80", service: "cores" },
    ...{ namespace: "prod", port: "grpc", family: "any", host: "cores.prod.svc" },
    api: { origin: api.url, tokenFile, caFile: fixture("ca.crt") },
  });
  await using _run = run;
  await clock.untilSleeping(1);
  // Between the pauses it is not listed sooner than a second after the last time.
  for (const pauseMs of [375, 625]) {
    await clock.advance(pauseMs);
    await clock.untilSleeping(1);
  }
  expect(pausesMs).toEqual([375, 625, 750]);
  api.mood = "well";
  const ports = [{ name: "grpc", port: 50_051 }];
  api.put("cores-1", { service: "cores", endpoints: ["10.0.0.1"], ports });
  for (const pauseMs of [750, 250]) {
    await clock.advance(pauseMs);
    await clock.untilSleeping(1);
  }
  expect(pausesMs.slice(3)).toEqual([250, 100]);
  expect(events.map(({ kind }) => kind)).toEqual(["failing", "changed", "working"]);
});
