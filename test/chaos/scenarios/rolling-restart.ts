/** 3a: the threads that serve calls are replaced one after the other. */

import { type Scenario, Skipped } from "../scenario.ts";

/** See docs/design/chaos.md. */
export const rollingRestart: Scenario = {
  number: "3a",
  name: "rolling restart of threads, six times",
  passesWhen: "0 failed, 0 resets",
  async run() {
    throw new Skipped("not built yet: a rolling restart of threads");
  },
};
