/** Sessions over time: how long they last, who can read them, and that what was ended stays so. */

import { EncryptJWT } from "jose";
import { expect, test } from "vitest";
import { EndedSessions } from "#portal/ended-sessions.ts";
import { Sessions } from "#portal/sessions.ts";
import { createManualClock } from "../../support/manual-clock.ts";

const minuteMs = 60_000;
const secret = "a secret of at least thirty-two characters";

function sessionsWith({ secret: sealing = secret } = {}) {
  const clock = createManualClock();
  const ended = new EndedSessions(false);
  const terms = { secret: sealing, maxMs: 60 * minuteMs, idleMs: 10 * minuteMs };
  return { clock, ended, sessions: new Sessions(terms, { clock, ended }) };
}

test("a session gives back its credential until it was idle for too long", async () => {
  const { clock, sessions } = sessionsWith();
  const { text } = await sessions.begin("the key");
  expect(await sessions.open(text)).toMatchObject({ credential: "the key" });
  await clock.advance(9 * minuteMs);
  expect(await sessions.open(text)).toMatchObject({ credential: "the key" });
  await clock.advance(minuteMs);
  expect(await sessions.open(text)).toBeUndefined();
});

test("renewed again and again it lasts, but never longer than a session may", async () => {
  const { clock, sessions } = sessionsWith();
  let { session, text } = await sessions.begin("the key");
  for (let minutes = 0; minutes < 55; minutes += 5) {
    await clock.advance(5 * minuteMs);
    const open = await sessions.open(text);
    expect(open?.id).toBe(session.id);
    ({ session, text } = await sessions.renew(session));
  }
  expect(sessions.isOver(session)).toBe(false);
  await clock.advance(5 * minuteMs);
  expect([await sessions.open(text), sessions.isOver(session)]).toEqual([undefined, true]);
});

test("once it was ended none of its texts is good", async () => {
  const { sessions } = sessionsWith();
  const { session, text } = await sessions.begin("the key");
  const renewed = await sessions.renew(session);
  const other = await sessions.begin("the key");
  await sessions.end(session);
  expect(await sessions.open(text)).toBeUndefined();
  expect(await sessions.open(renewed.text)).toBeUndefined();
  expect(sessions.isOver(session)).toBe(true);
  expect(await sessions.open(other.text)).toBeDefined();
});

test("one that another gateway has ended is over, also for a call that goes on", async () => {
  const clock = createManualClock();
  const terms = { secret, maxMs: 60 * minuteMs, idleMs: 10 * minuteMs };
  const told = new Set<string>();
  const anywhere = {
    end: async ({ id }: { readonly id: string }) => void told.add(id),
    has: async (id: string) => told.has(id),
  };
  const [one, two] = [1, 2].map(
    () => new Sessions(terms, { clock, ended: new EndedSessions(false), anywhere }),
  ) as [Sessions, Sessions];
  const { session, text } = await one.begin("the key");
  expect(await two.open(text)).toMatchObject({ credential: "the key" });
  const isOver = two.follow(session);
  await one.end(session);
  // It looks again in a while, and not with each message.
  expect(isOver()).toBe(false);
  await clock.advance(5_000);
  expect(isOver()).toBe(false);
  await Promise.resolve();
  await Promise.resolve();
  expect(isOver()).toBe(true);
  expect(await two.open(text)).toBeUndefined();
});

test("nobody opens one without its secret, and no token is one", async () => {
  const { clock, sessions } = sessionsWith();
  const { text } = await sessions.begin("the key");
  expect(await sessionsWith({ secret: `${secret}.` }).sessions.open(text)).toBeUndefined();
  const forged = await new EncryptJWT({ ends: clock.wallMs() + minuteMs, key: "another" })
    .setProtectedHeader({ alg: "dir", enc: "A256GCM" })
    .setAudience("polygate portal session")
    .setJti("id")
    .setExpirationTime("1h")
    .encrypt(new Uint8Array(32));
  for (const wrong of [forged, "", "a.b.c", "a.b.c.d.e", `${text}A`, text.slice(1)]) {
    expect(await sessions.open(wrong)).toBeUndefined();
  }
});

test("a credential that makes no cookie is refused by the name of its field", async () => {
  const { sessions } = sessionsWith();
  await expect(sessions.begin("k".repeat(3_000))).rejects.toThrow("key: is too long");
  expect(await sessions.open("k".repeat(100_000))).toBeUndefined();
});

test("of those that were ended no more than 10,000 are remembered, and none beyond its time", () => {
  const ended = new EndedSessions(false);
  const later = Date.now() + minuteMs;
  ended.end({ id: "over", untilWallMs: Date.now() - 1 });
  for (let count = 0; count < 10_050; count += 1) ended.end({ id: `${count}`, untilWallMs: later });
  expect([ended.size, ended.has("over"), ended.has("10049")]).toEqual([10_000, false, true]);
});

test("threads of one process tell each other what was ended", async () => {
  using one = new EndedSessions(true);
  using another = new EndedSessions(true);
  one.end({ id: "an id", untilWallMs: Date.now() + minuteMs });
  await expect.poll(() => another.has("an id")).toBe(true);
});
