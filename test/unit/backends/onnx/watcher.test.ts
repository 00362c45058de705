import { expect, test } from "vitest";
import { watchRepository } from "#backends/onnx/watcher.ts";
import { createManualClock } from "../../../support/manual-clock.ts";

/** Looks one after the other, and who was told of after each; undefined is a repository that cannot be read. */
async function told(
  first: Readonly<Record<string, string>>,
  looks: readonly (Readonly<Record<string, string>> | undefined)[],
) {
  const clock = createManualClock();
  const closing = new AbortController();
  const changes: string[][] = [];
  let at = -1;
  const watching = watchRepository(
    new Map(Object.entries(first)),
    {
      look() {
        at += 1;
        changes.push([]);
        const seen = looks[at];
        if (seen === undefined) return Promise.reject(new Error("cannot be read"));
        return Promise.resolve(new Map(Object.entries(seen)));
      },
      onChange(name) {
        changes[at]?.push(name);
        return Promise.reject(new Error("no one's"));
      },
    },
    { everyMs: 1_000, clock, signal: closing.signal },
  );
  for (const _ of looks) {
    await clock.untilSleeping(1);
    await clock.advance(1_000);
  }
  await clock.untilSleeping(1);
  closing.abort();
  await watching;
  return changes;
}

const rows = [
  {
    name: "what does not change is told of to no one",
    looks: [{ m: "1" }, { m: "1" }],
    changes: [[], []],
  },
  {
    name: "a change is told when it looks the same twice, and once",
    looks: [{ m: "2" }, { m: "2" }, { m: "2" }],
    changes: [[], ["m"], []],
  },
  {
    name: "what goes on changing is told when it is at rest",
    looks: [{ m: "2" }, { m: "3" }, { m: "4" }, { m: "4" }],
    changes: [[], [], [], ["m"]],
  },
  {
    name: "what changes back has not changed",
    looks: [{ m: "2" }, { m: "1" }, { m: "1" }],
    changes: [[], [], []],
  },
  {
    name: "what comes and what goes, too",
    looks: [{ n: "1" }, { n: "1" }, { n: "1" }],
    changes: [[], ["m", "n"], []],
  },
  {
    name: "a repository that cannot be read takes nothing with it",
    looks: [undefined, undefined, { m: "1" }, { m: "1" }],
    changes: [[], [], [], []],
  },
];
test.each(rows)("$name", async ({ looks, changes }) => {
  expect(await told({ m: "1" }, looks)).toEqual(changes);
});
