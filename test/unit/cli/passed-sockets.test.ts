/** Which listener takes which passed socket, and what is said of those that do not fit. */

import { expect, test } from "vitest";
import { passedSockets } from "../../../src/cli/passed-sockets.ts";

const listeners = [{ name: "api" }, { name: "portal" }, { name: "metrics" }];
const passed = (env: Record<string, string>) => passedSockets(env, 7, listeners);
const taken = (env: Record<string, string>) => {
  const found = passed(env);
  return "sockets" in found ? Object.fromEntries(found.sockets) : found.problem;
};

test.each([
  ["none were passed", {}, {}],
  ["they are for another process", { LISTEN_FDS: "1", LISTEN_PID: "8" }, {}],
  ["in order", { LISTEN_FDS: "2", LISTEN_PID: "7" }, { api: 3, portal: 4 }],
  ["for whoever reads it, without a process id", { LISTEN_FDS: "1" }, { api: 3 }],
  ["by name", { LISTEN_FDS: "2", LISTEN_FDNAMES: "metrics:portal" }, { metrics: 3, portal: 4 }],
  [
    "by name, and in order for those whose name is no listener's",
    { LISTEN_FDS: "3", LISTEN_FDNAMES: "gateway.socket:api:gateway.socket" },
    { portal: 3, api: 4, metrics: 5 },
  ],
])("sockets are taken: %s", (_case, env, wanted) => {
  expect(taken(env)).toEqual(wanted);
});

test.each([
  [{ LISTEN_FDS: "4" }, "LISTEN_FDS passes 4 sockets for 3 listeners (api, portal, metrics)"],
  [{ LISTEN_FDS: "many" }, 'LISTEN_FDS: "many" is no number of sockets'],
  [{ LISTEN_FDS: "-1" }, 'LISTEN_FDS: "-1" is no number of sockets'],
  [{ LISTEN_FDS: "2", LISTEN_FDNAMES: "api" }, "LISTEN_FDNAMES has 1 names for 2 sockets"],
  [{ LISTEN_FDS: "2", LISTEN_FDNAMES: "api:api" }, "LISTEN_FDNAMES names api twice"],
])("sockets that do not fit are refused in words: %j", (env, problem) => {
  expect(passed(env)).toEqual({ problem });
});
