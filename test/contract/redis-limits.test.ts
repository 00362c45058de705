/** The vectors that every store of buckets passes, held against buckets in a real Redis, alone and in a cluster. */

import { afterAll, beforeAll, test } from "vitest";
import { expectVector, limitVectors } from "../support/limit-vectors.ts";
import { createManualClock } from "../support/manual-clock.ts";
import { describeWith } from "../support/needs.ts";
import {
  missingRedis,
  type RedisCluster,
  type RedisServer,
  startRedis,
  startRedisCluster,
} from "../support/redis-server.ts";
import { openSharedLimits } from "../support/shared-limits.ts";

function holdsVectors(servers: () => readonly RedisServer[], isCluster: boolean): void {
  for (const [index, vector] of limitVectors.entries()) {
    test(vector.name, async () => {
      const clock = createManualClock();
      await using one = await openSharedLimits({
        ports: servers().map(({ port }) => port),
        isCluster,
        clock,
        serverMs: () => 1_000_000 + clock.nowMs(),
      });
      const { limits: store } = one;
      await expectVector(vector, {
        store,
        prefix: `${index}-`,
        settled: () => store.settled(),
        moveTo: (atMs) => clock.advance(atMs - clock.nowMs()),
      });
    });
  }
}

describeWith(missingRedis)("buckets in Redis", () => {
  let server: RedisServer;
  beforeAll(async () => {
    server = await startRedis();
  });
  afterAll(() => server[Symbol.asyncDispose]());
  holdsVectors(() => [server], false);
});

describeWith(missingRedis)("buckets in a cluster of three nodes", () => {
  let cluster: RedisCluster;
  beforeAll(async () => {
    cluster = await startRedisCluster();
  });
  afterAll(() => cluster[Symbol.asyncDispose]());
  holdsVectors(() => cluster.nodes, true);
});
