/** What production refuses to start with, each with its place and its cure; development takes it all. */

import { describe, expect, test } from "vitest";
import { loadSettings } from "#config/load.ts";
import { problemText } from "#yaml/problem.ts";
import { ConfigFolder, loadYaml, problemsOf } from "../../support/config-folder.ts";

const key = "f3Qw9-zP0r7Lk2-Tt8vYb1";
const keyed = { API_KEY: key };
const off = "auth.enabled: must be on in production (hint: set API_KEY or auth.keys)";
const known = "is a default that everybody knows";

const rows: readonly {
  readonly name: string;
  readonly yaml?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly problems: readonly unknown[];
}[] = [
  {
    name: "takes auth that is off where only this machine gets in",
    yaml: "gateway: {host: 127.0.0.1}\n",
    problems: [],
  },
  {
    name: "takes it on IPv6's loopback, and beside metrics that others may read",
    yaml: "listeners: [{name: a, host: '::1', port: 1}, {name: m, host: 0.0.0.0, port: 2, serves: [metrics]}]\n",
    problems: [],
  },
  {
    name: "refuses it where one listener is public",
    yaml: "listeners: [{name: a, host: localhost, port: 1}, {name: b, host: 10.0.0.1, port: 2}]\n",
    problems: [expect.stringContaining(off)],
  },
  {
    name: "refuses it where a public listener alone has it off, and names that listener",
    yaml: "listeners: [{name: a, host: 10.0.0.1, port: 1}, {name: b, host: 10.0.0.1, port: 2, auth: {enabled: false}}]\n",
    env: keyed,
    problems: [
      expect.stringContaining(
        "listeners[1].auth.enabled: must be on in production (hint: leave it out, or listen on 127.0.0.1)",
      ),
    ],
  },
  {
    name: "takes it on a listener of this machine beside public ones that have it on",
    yaml: "listeners: [{name: a, host: 10.0.0.1, port: 1}, {name: b, host: 127.0.0.1, port: 2, auth: {enabled: false}}]\n",
    env: keyed,
    problems: [],
  },
  {
    name: "refuses it behind a proxy of this machine, by which others come",
    yaml: "gateway: {host: 127.0.0.1}\ntrusted_proxies: [127.0.0.1]\n",
    problems: [expect.stringContaining(off)],
  },
  {
    name: "refuses a provider's key that is a placeholder",
    yaml: "providers: {openai: {api_key: sk-your-api-key}}\n",
    env: keyed,
    problems: [
      `gateway.yaml:1:31: providers.openai.api_key: ${known} (hint: take the one that you were given)`,
    ],
  },
  {
    name: "refuses one of several, and names it",
    yaml: "providers: {openai: {api_keys: [sk-abcdef0123456789, '<your-key>']}}\n",
    env: keyed,
    problems: [expect.stringMatching(/providers\.openai\.api_keys\[1\]: is a default/)],
  },
  {
    name: "refuses one that the environment holds, and names the variable",
    env: { ...keyed, ANTHROPIC_API_KEY: "sk-ant-xxxxxxxxxxxx" },
    problems: [
      `defaults: providers.anthropic.api_key: ${known} (hint: set by environment ANTHROPIC_API_KEY)`,
    ],
  },
  {
    name: "takes a short key that a server of one's own was given",
    yaml: "providers: {gpu: {dialect: openai, base_url: 'http://10.0.0.5:8000/v1', api_key: EMPTY}}\n",
    env: keyed,
    problems: [],
  },
  {
    name: "refuses the password of an example's database",
    env: { ...keyed, DATABASE_URL: "postgres://polygate:p%6Fstgres@db/polygate" },
    problems: [`environment DATABASE_URL: history.url: ${known} (hint: take 32 random characters)`],
  },
  {
    name: "refuses a short one",
    env: { ...keyed, DATABASE_URL: "postgres://polygate:s3cr3t!@db/polygate" },
    problems: [expect.stringMatching(/history\.url: is shorter than the 8 characters/)],
  },
  {
    name: "refuses that of the store of keys, and of Redis",
    yaml: "auth: {key_store: {url: 'postgres://polygate:postgres@db/keys'}}\nredis: {url: 'redis://:password@cache'}\n",
    env: keyed,
    problems: [
      expect.stringMatching(/auth\.key_store\.url: is a default that everybody knows/),
      expect.stringMatching(/redis\.url: is a default that everybody knows/),
    ],
  },
  {
    name: "refuses that of a node of a cluster",
    yaml: "redis: {cluster: ['redis://:kf83Qe-01xM@a', 'redis://:admin@b']}\n",
    env: keyed,
    problems: [expect.stringMatching(/redis\.cluster\[1\]: is a default that everybody knows/)],
  },
  {
    name: "refuses a short secret that signs what cores are told",
    yaml: "auth: {identity_secret: f3Qw9-zP0r7Lk2-Tt8vYb1}\ncores: [{url: 'http://core:1', identity: signed}]\n",
    env: keyed,
    problems: [expect.stringMatching(/auth\.identity_secret: is shorter than the 32 characters/)],
  },
  {
    name: "takes a database that asks for none",
    env: { ...keyed, DATABASE_URL: "postgres://polygate@db/polygate" },
    problems: [],
  },
  {
    name: "refuses a weak secret of ids, and a weak token of a hook",
    yaml: `relay: {id_secret: ${"ab".repeat(20)}}\nhooks: [{name: a, url: 'http://127.0.0.1:1', token: changeme-changeme}]\n`,
    env: keyed,
    problems: [
      expect.stringMatching(/^gateway\.yaml:1:20: relay\.id_secret: repeats a few characters/),
      expect.stringMatching(/^gateway\.yaml:2:.*: hooks\[0\]\.token: is a default/),
    ],
  },
  {
    name: "refuses any origin with credentials on a single listener, too",
    yaml: "listeners: [{name: a, port: 1, cors: {credentials: true}}]\n",
    env: keyed,
    problems: [
      "gateway.yaml:1:38: listeners[0].cors.origins: may not be `*` with credentials in production (hint: name the origins)",
    ],
  },
  {
    name: "reports everything at once",
    yaml: "cors: {origins: ['*'], credentials: true}\nproviders: {openai: {api_key: '<key>'}}\n",
    env: { DATABASE_URL: "postgres://a:password@db/a" },
    problems: [
      expect.stringMatching(/^environment DATABASE_URL: /),
      expect.stringContaining(off),
      expect.stringMatching(/^gateway\.yaml:1:17: cors/),
      expect.stringMatching(/^gateway\.yaml:2:31: providers/),
    ],
  },
];

describe.each(rows)("$name", ({ yaml = "", env = {}, problems }) => {
  test("in production", () => {
    expect(problemsOf(loadYaml(yaml, { ENVIRONMENT: "production", ...env }))).toEqual(problems);
  });

  test("which development does not", () => {
    expect(problemsOf(loadYaml(yaml, env))).toEqual([]);
  });
});

test("each reason comes with what to do about it", () => {
  for (const { yaml = "", env = {} } of rows) {
    for (const text of problemsOf(loadYaml(yaml, { ENVIRONMENT: "production", ...env }))) {
      expect(text).toMatch(/\(hint: .+\)$/);
    }
  }
});

test("production takes no debugger, development does", () => {
  using folder = new ConfigFolder({});
  const load = (ENVIRONMENT: string) =>
    loadSettings({
      ...{ argv: [], cwd: folder.path, env: { ENVIRONMENT, ...keyed } },
      debugger: () => "--inspect",
    });
  expect(problemsOf(load("production"))).toEqual([
    "environment ENVIRONMENT: environment: may not be production with a debugger: --inspect lets anybody who reaches its port run code (hint: start without --inspect, also in NODE_OPTIONS)",
  ]);
  expect(problemsOf(load("development"))).toEqual([]);
});

test("production warns of any origin on a listener", () => {
  const loaded = loadYaml("listeners: [{name: a, port: 1, cors: {}}]\n", {
    ENVIRONMENT: "production",
    ...keyed,
  });
  expect(loaded.ok && loaded.settings.warnings.map(problemText)).toEqual([
    "gateway.yaml:1:38: listeners[0].cors.origins: lets pages of any origin read responses (hint: name the origins)",
  ]);
});
