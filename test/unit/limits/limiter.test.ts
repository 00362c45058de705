/** Which owners a call and its tries have, and what is remembered of them. */

import { expect, test } from "vitest";
import { type LimitOptions, ownLimitsOnly } from "#limits/limit-options.ts";
import { MemoryLimits } from "#limits/limit-store.ts";
import { Limiter } from "#limits/limiter.ts";
import { createManualClock } from "../../support/manual-clock.ts";

const terms = { requests: { capacity: 1, perSecond: 1 } };
const other = { requests: { capacity: 2, perSecond: 1 } };

function limiterOf(options: Partial<LimitOptions>): Limiter {
  const clock = createManualClock();
  const store = new MemoryLimits(100, clock);
  return new Limiter({ ...ownLimitsOnly, clientsMax: 100, ...options }, { store, clock });
}

const namesOf = (owners: Iterable<{ tier: string; name: string }>) =>
  [...owners].map(({ tier, name }) => `${tier} ${name}`);

test("the first route and the first model that match hold, each for all or for a client", () => {
  const limiter = limiterOf({
    routes: [
      { match: "/v1/chat", by: "client", terms },
      { match: "/v1/", by: "all", terms: other },
    ],
    models: [
      { match: "openai/o*", by: "client", terms },
      { match: "*", by: "all", terms: other },
    ],
    providers: new Map([["openai", terms]]),
  });
  const call = { name: "key:a", address: "192.0.2.1", terms: {} };
  limiter.of({ ...call, routes: ["S/M", "/v1/chat/completions"] });
  limiter.of({ ...call, routes: ["S/M", "/v1/models"] });
  limiter.of({ ...call, routes: ["S/M", "/v2/"] });
  expect(namesOf(limiter.owners())).toEqual(["route /v1/", "route /v1/chat key:a"]);
  expect(namesOf(limiter.targets("openai", "o3", "key:a"))).toEqual([
    "provider openai",
    "model openai/o3 key:a",
  ]);
  expect(namesOf(limiter.targets("azure", "o3", "key:a"))).toEqual(["model o3"]);
  expect(namesOf(limiter.targets("azure", "", "key:a"))).toEqual([]);
});

test("names of models without end are limited, and remembered no longer than others", () => {
  const limiter = limiterOf({ models: [{ match: "*", by: "client", terms }] });
  for (let model = 0; model < 3_000; model += 1) {
    expect(limiter.targets("p", `model-${model}`, "key:a")).toHaveLength(1);
  }
  expect([...limiter.owners()]).toHaveLength(100);
  expect(limiter.targets("p", "model-0", "key:a")[0]?.terms).toBe(terms);
});

test("terms that a key has anew hold with its next call, on the bucket that it has", async () => {
  const limiter = limiterOf({});
  const call = { name: "key:a", address: "192.0.2.1", routes: [] };
  await limiter.of({ ...call, terms: other }).arrive();
  await limiter.of({ ...call, terms: other }).arrive();
  expect(await limiter.of({ ...call, terms }).arrive()).toMatchObject({ kind: "bucket" });
  const owner = limiter.find("principal", "key:a");
  expect(owner?.terms).toBe(terms);
});
