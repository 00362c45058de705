/** As many watch as may, by caller and in total, and all are let go when the gateway stops. */

import { createContextValues } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { Feed } from "#core/feed.ts";
import { principalKey } from "#interceptors/context.ts";
import { Watches } from "#services/watches.ts";
import { refusal } from "../../support/predict.ts";

function setting() {
  const stopping = new AbortController();
  const feed = new Feed<number>();
  const watches = new Watches({
    stopping: stopping.signal,
    limits: { totalMax: 3, perCallerMax: 2 },
  });
  const watch = (id: string, signal = new AbortController().signal) => {
    const scopes = new Set<string>();
    const values = createContextValues().set(principalKey, { id, authenticated: true, scopes });
    return watches.of(feed, () => true, { signal, values });
  };
  return { stopping, feed, watch };
}

const refused = { reason: "OVERLOADED", message: "too many watches are open" };

test("places are bounded by caller and in total, and come back when a watcher leaves", async () => {
  const { watch } = setting();
  const [one, two, three] = [watch("a"), watch("a"), watch("b")];
  await one.next();
  await two.next();
  expect(await refusal(watch("a").next())).toMatchObject(refused);
  await three.next();
  expect(await refusal(watch("c").next())).toMatchObject(refused);
  await one.return(undefined);
  expect((await watch("c").next()).done).toBe(false);
});

test("a gateway that stops ends them, and a client that leaves fails its own", async () => {
  const { stopping, watch, feed } = setting();
  const leaving = new AbortController();
  const [one, two] = [watch("a"), watch("b", leaving.signal)];
  await one.next();
  await two.next();
  const failed = two.next().catch((thrown: unknown) => thrown);
  leaving.abort(new Error("left"));
  expect(await failed).toMatchObject({ message: "left" });
  const last = one.next();
  stopping.abort();
  expect((await last).done).toBe(true);
  expect(feed.isWatched).toBe(false);
});
