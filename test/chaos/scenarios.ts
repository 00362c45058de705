/** Every scenario, in the order of docs/design/chaos.md. */

import type { Scenario } from "./scenario.ts";
import { coreRestarts } from "./scenarios/core-restarts.ts";
import { diskFull } from "./scenarios/disk-full.ts";
import { goaway } from "./scenarios/goaway.ts";
import { replicaKilled } from "./scenarios/replica-killed.ts";

/** Their numbers are unique. */
export const scenarios: readonly Scenario[] = [replicaKilled, diskFull, coreRestarts, goaway];
