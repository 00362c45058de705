/** The section `alerts`: the usual thresholds with no more than a webhook, and what it refuses. */

import { hostname } from "node:os";
import { expect, test } from "vitest";
import { loadYaml, problemsOf, settingsOf } from "../../support/config-folder.ts";

const url = "https://hooks.example.com/T0/x?y=1";
const hook = `{ name: ops, url: "${url}" }`;

test("a webhook alone is told of everything, from the usual thresholds on", () => {
  expect(settingsOf(loadYaml(`alerts: { webhooks: [${hook}] }`)).alerts).toEqual({
    webhooks: [{ name: "ops", url, format: "slack", tellsResolved: true }],
    source: hostname(),
    intervalMs: 10_000,
    windowMs: 300_000,
    callsMin: 20,
    repeatMs: 14_400_000,
    errorRate: { above: 0.05, forMs: 60_000 },
    latency: { above: 10_000, forMs: 60_000 },
    down: { forMs: 60_000 },
    budget: { above: 0.8, forMs: 0 },
  });
});

test("nothing is watched without the section, and no condition that is switched off", () => {
  expect(settingsOf(loadYaml("{}")).alerts).toBeUndefined();
  const off = ["error_rate", "latency", "down", "budget"].map(
    (name) => `${name}: { enabled: false }`,
  );
  const { alerts } = settingsOf(loadYaml(`alerts: { webhooks: [${hook}], ${off.join(", ")} }`));
  expect(Object.keys(alerts ?? {})).toEqual([
    ...["webhooks", "source", "intervalMs", "windowMs", "callsMin", "repeatMs"],
  ]);
});

test("a secret comes from the environment", () => {
  const yaml = `alerts: { webhooks: [{ name: ops, url: "${url}", secret: "\${HOOK_SECRET}" }] }`;
  const secret = "sixteen-or-more-characters";
  expect(settingsOf(loadYaml(yaml, { HOOK_SECRET: secret })).alerts?.webhooks[0]?.secret).toBe(
    secret,
  );
});

test.each([
  ["alerts: {}", /alerts\.webhooks/],
  ["alerts: { webhooks: [] }", /alerts\.webhooks/],
  ["alerts: { webhooks: [{ name: a, url: 'ftp://a' }] }", /webhooks\[0\]\.url: .*an address/],
  ["alerts: { webhooks: [{ name: a, url: 'https://u:p@a/' }] }", /webhooks\[0\]\.url/],
  ["alerts: { webhooks: [{ name: a, url: 'https://a', secret: short }] }", /secret: .*16 visible/],
  [`alerts: { webhooks: [${hook}, ${hook}] }`, /webhooks\[1\]\.name: is the name of an earlier/],
  [`alerts: { webhooks: [${hook}], window: 2h }`, /alerts\.window/],
  [`alerts: { webhooks: [${hook}], error_rate: { above: 0% } }`, /error_rate\.above/],
  [`alerts: { webhooks: [${hook}], min_calls: 0 }`, /min_calls/],
  [`alerts: { webhooks: [${hook}], errors: {} }`, /errors/],
])("%s is refused", (yaml, problem) => {
  expect(problemsOf(loadYaml(yaml))).toEqual([expect.stringMatching(problem)]);
});

test("no value of a refused secret or address is in the problem", () => {
  const yaml = "alerts: { webhooks: [{ name: a, url: 'ftp://s3cret-host', secret: s3cret }] }";
  expect(JSON.stringify(problemsOf(loadYaml(yaml)))).not.toContain("s3cret");
});
