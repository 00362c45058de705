/** The section `redis`: which server gateways share, and how it is reached. */

import { expect, test } from "vitest";
import { loadYaml, problemsOf, settingsOf } from "../../support/config-folder.ts";
import { fixture } from "../../support/tls.ts";

const redisOf = (yaml: string, env = {}) => settingsOf(loadYaml(yaml, env)).redis;

test("REDIS_URL names the server, before the file's; without either nothing is shared", () => {
  expect(redisOf("{}")).toBeUndefined();
  expect(redisOf("redis: { url: 'redis://one' }", { REDIS_URL: "redis://other:7000/3" })).toEqual({
    nodes: [{ host: "other", port: 7_000 }],
    isCluster: false,
    database: 3,
    onStoreError: "local",
    commandMs: 50,
  });
});

test("user and password are those of the address, decoded; rediss:// is TLS", () => {
  const ca = fixture("ca.crt");
  expect(redisOf(`redis: { url: 'rediss://me:p%40ss@[::1]', ca_file: ${ca} }`)).toEqual({
    nodes: [{ host: "::1", port: 6_379 }],
    isCluster: false,
    database: 0,
    onStoreError: "local",
    commandMs: 50,
    username: "me",
    password: "p@ss",
    tls: { caFile: ca },
  });
});

test("a cluster is reached by any of its nodes, with the credentials of the first", () => {
  const yaml =
    "redis: { cluster: ['redis://:pass@a:1', 'redis://b:2'], on_store_error: deny, timeout: 70ms }";
  expect(redisOf(yaml)).toEqual({
    nodes: [
      { host: "a", port: 1 },
      { host: "b", port: 2 },
    ],
    isCluster: true,
    database: 0,
    onStoreError: "deny",
    commandMs: 70,
    password: "pass",
  });
});

const expected =
  "expected an address such as redis://user:password@host:6379/0, or rediss:// for TLS";

test.each([
  "http://someone:never-to-be-seen@host",
  "redis://:never-to-be-seen@host/name",
  "redis://:never-to-be-seen@host?tls=no",
  "redis://:never-%to-be-seen@host",
  "redis:never-to-be-seen",
])("what is no address of Redis is refused and not repeated: %s", (url) => {
  expect(problemsOf(loadYaml("{}", { REDIS_URL: url }))).toEqual([
    `environment REDIS_URL: redis.url: ${expected}`,
  ]);
});

test.each([
  [
    "{ url: redis://a, cluster: ['redis://b'] }",
    "redis.cluster: cannot be combined with `redis.url`",
  ],
  ["{ ca_file: ca.crt }", "redis.ca_file: needs `redis.url`"],
  ["{ url: redis://a, ca_file: /nowhere }", "redis.ca_file: needs an address that begins with"],
  ["{ url: rediss://a, ca_file: /nowhere }", "redis.ca_file: cannot be read"],
  ["{ cluster: ['redis://a', 'redis://b/2'] }", "redis.cluster[1]: names a database"],
  ["{ cluster: ['redis://a', 'rediss://b'] }", "redis.cluster[1]: is not of the scheme"],
])("redis: %s is refused: %s", (section, problem) => {
  expect(problemsOf(loadYaml(`redis: ${section}`)).join("\n")).toContain(problem);
});
