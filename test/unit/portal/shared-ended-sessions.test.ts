import { expect, test } from "vitest";
import { SharedEndedSessions } from "#portal/shared-ended-sessions.ts";
import type { RedisArgument } from "#redis/link.ts";
import { createManualClock } from "../../support/manual-clock.ts";

test("of the ends that Redis does not take a thousand are kept, and told again", async () => {
  const clock = createManualClock();
  const told: RedisArgument[] = [];
  let isAway = true;
  const run = async (_script: unknown, _keys: unknown, [id = ""]: readonly RedisArgument[]) => {
    if (isAway) throw new Error("away");
    told.push(id);
    return 1;
  };
  await using ended = new SharedEndedSessions({ clock, openLink: async () => ({ run }) });
  const untilWallMs = clock.wallMs() + 60_000;
  for (let n = 0; n < 1_001; n += 1) await ended.end({ id: `session-${n}`, untilWallMs });
  expect(told).toEqual([]);
  isAway = false;
  await clock.advance(1_000);
  await expect.poll(() => told.length).toBe(1_000);
  expect([told[0], told.at(-1)]).toEqual(["session-0", "session-999"]);
});

test("a connection that could not be opened is opened again, and the end is told", async () => {
  const clock = createManualClock();
  const told: RedisArgument[] = [];
  const run = async (_script: unknown, _keys: unknown, [id = ""]: readonly RedisArgument[]) => {
    told.push(id);
    return 1;
  };
  let tries = 0;
  const openLink = async () => {
    tries += 1;
    if (tries === 1) throw new Error("its authority cannot be read");
    return { run };
  };
  await using ended = new SharedEndedSessions({ clock, openLink });
  await ended.end({ id: "session", untilWallMs: clock.wallMs() + 60_000 });
  expect([tries, told]).toEqual([1, []]);
  await clock.advance(1_000);
  await expect.poll(() => told).toEqual(["session"]);
});
