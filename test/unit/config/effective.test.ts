/** What administrators see of the configuration: every value and its source, and no secret of any kind. */

import { expect, test } from "vitest";
import { effectiveValues } from "#config/effective.ts";
import { jsonSchema } from "#config/json-schema.ts";
import { sourceFacts } from "#config/source-facts.ts";
import { ConfigFolder, settingsOf } from "../../support/config-folder.ts";

const schema = jsonSchema();
const secret = (name: string) => `planted-${name}-0123456789abcdef0123456789`;

const yaml = `
auth:
  jwt: { secret: ${secret("jwt")} }
  secret_key: ${secret("secretkey")}
  identity_secret: ${secret("identity")}
  keys:
    - { name: app, key: ${secret("key")}, models: ["gpt-*"] }
    - { name: env, key: "\${FROM_ENV}" }
    - { name: file, key: "\${file:secret}" }
    - { name: unit, key: "\${credential:unit}" }
  key_store: { url: "postgres://user:${secret("storepassword")}@db/keys?token=${secret("query")}" }
history: { url: "postgres://user:${secret("password")}@db:5432/polygate" }
redis: { url: "rediss://:${secret("redis")}@cache:6379" }
providers:
  mine: { dialect: openai, base_url: "http://127.0.0.1:9/v1", api_keys: [${secret("provider1")}, ${secret("provider2")}] }
hooks: [{ name: judge, url: "http://127.0.0.1:1/${secret("path")}", token: ${secret("hook")} }]
relay: { id_secret: ${secret("relay")} }
logging: { routing: true }
`;
const env = {
  FROM_ENV: secret("env"),
  API_KEY_FILE: "operator",
  OPENAI_API_KEY: secret("openai"),
  LOG_LEVEL: "warn",
};

function shown() {
  using folder = new ConfigFolder({
    "gateway.yaml": yaml,
    secret: secret("file"),
    unit: secret("unit"),
    operator: secret("operator"),
  });
  const loaded = folder.load({ ...env, CREDENTIALS_DIRECTORY: folder.path }, ["--port", "8123"]);
  const settings = settingsOf(loaded);
  const facts = sourceFacts(loaded.sources, 0);
  return { facts, values: effectiveValues({ draft: facts.draft, schema }, settings.providers) };
}

test("no secret of any kind is shown, nor kept", () => {
  const { facts, values } = shown();
  expect(JSON.stringify(values)).not.toContain("planted");
  expect(JSON.stringify([facts.draft.root, facts.hash, facts.fingerprint])).not.toContain(
    "planted",
  );
});

test("each value has its source: file and line, environment, flag or default", () => {
  const by = new Map(shown().values.map(({ path, value, source }) => [path, [value, source]]));
  expect(Object.fromEntries(by)).toMatchObject({
    "gateway.port": ["8123", "flag --port"],
    "gateway.timeout": ["30s", "default"],
    "logging.level": ["warn", "environment LOG_LEVEL"],
    "logging.routing": ["true", "gateway.yaml:18:21"],
    "auth.keys[0].name": ["app", "gateway.yaml:7:15"],
    "auth.keys[0].key": ["[redacted]", "gateway.yaml:7:25"],
    "auth.keys[0].models[0]": ["gpt-*", "gateway.yaml:7:74"],
    "auth.keys[4].key": ["[redacted]", "environment API_KEY_FILE"],
    "history.url": ["postgres://db:5432/[redacted]", "gateway.yaml:12:17"],
    "redis.url": ["rediss://cache:6379", "gateway.yaml:13:15"],
    "providers.mine.base_url": ["http://127.0.0.1:9/v1", "gateway.yaml:15:38"],
    "providers.mine.api_keys[1]": ["[redacted]", expect.stringMatching(/^gateway\.yaml:15:/)],
    "providers.mine.priority": [expect.any(String), "default"],
    "providers.openai.api_key": ["[redacted]", "environment OPENAI_API_KEY"],
    "hooks[0].url": ["http://127.0.0.1:1/[redacted]", "gateway.yaml:16:29"],
    "hooks[0].token": ["[redacted]", expect.stringMatching(/^gateway\.yaml:16:/)],
  });
});

test("a free text that nobody has judged is not shown", () => {
  const draft = { root: { later: { webhook: "https://x/y", note: "planted" } }, places: new Map() };
  const kept = { ...draft, keyPlaces: new Map(), filled: new Set<string>() };
  const values = effectiveValues({ draft: kept, schema }, []);
  expect(values.filter(({ path }) => path.startsWith("later"))).toEqual([
    { path: "later.webhook", value: "[redacted]", source: "default" },
    { path: "later.note", value: "[redacted]", source: "default" },
  ]);
});

test("the fingerprint tells another secret, and the published hash does not", () => {
  const factsOf = (text: string, key: string) => {
    using folder = new ConfigFolder({ "gateway.yaml": text, key });
    return sourceFacts(folder.load().sources, 0);
  };
  const text = `auth: { secret_key: '\${file:key}' }\n`;
  const [one, other] = [factsOf(text, secret("one")), factsOf(text, secret("other"))];
  expect(one.fingerprint).not.toBe(other.fingerprint);
  expect(one.hash).toBe(other.hash);
  expect(factsOf(`${text}cache: { ttl: 1s }\n`, secret("one")).hash).not.toBe(one.hash);
});
