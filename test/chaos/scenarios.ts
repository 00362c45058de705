/** Every scenario, in the order of docs/design/chaos.md. */

import type { Scenario } from "./scenario.ts";
import { addressesChange } from "./scenarios/addresses-change.ts";
import { certificates } from "./scenarios/certificates.ts";
import { clockSteps } from "./scenarios/clock-steps.ts";
import { coreRestarts } from "./scenarios/core-restarts.ts";
import { diskFull } from "./scenarios/disk-full.ts";
import { drain } from "./scenarios/drain.ts";
import { fewDescriptors } from "./scenarios/few-descriptors.ts";
import { goaway } from "./scenarios/goaway.ts";
import { postgresGone } from "./scenarios/postgres-gone.ts";
import { programRestarts } from "./scenarios/program-restarts.ts";
import { redisAway } from "./scenarios/redis-away.ts";
import { reload } from "./scenarios/reload.ts";
import { replicaKilled } from "./scenarios/replica-killed.ts";
import { rollingRestart } from "./scenarios/rolling-restart.ts";
import { soak } from "./scenarios/soak.ts";
import { starved } from "./scenarios/starved.ts";
import { threadEnds } from "./scenarios/threads.ts";
import { unreadStreams } from "./scenarios/unread-streams.ts";

/** Their numbers are unique. */
export const scenarios: readonly Scenario[] = [
  threadEnds,
  replicaKilled,
  rollingRestart,
  programRestarts,
  drain,
  redisAway,
  postgresGone,
  diskFull,
  unreadStreams,
  certificates,
  addressesChange,
  coreRestarts,
  goaway,
  clockSteps,
  reload,
  soak,
  fewDescriptors,
  starved,
];
