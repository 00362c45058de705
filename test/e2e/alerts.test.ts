/** The section `alerts`, end to end: what goes wrong with a gateway reaches webhooks, and that it is over, too. */

import { expect, test } from "vitest";
import { loadYaml, settingsOf } from "../support/config-folder.ts";
import { type RunningGateway, startTestGateway } from "../support/gateway.ts";
import { startProvider } from "../support/provider-double.ts";
import {
  type ReceivedNotice,
  startWebhookReceiver,
  type WebhookReceiver,
} from "../support/webhook-receiver.ts";

const secret = "the-secret-of-the-webhook";

/** A gateway with one provider that looks often, and two webhooks. */
const yamlOf = (provider: string, receiver: string, more = "") => `
gateway: { host: 127.0.0.1, port: 0, health_check_timeout: 200ms }
load_balancer: { retry_attempts: 0, health_check_interval: 100ms }
auth: { enabled: true, keys: [{ name: ann, key: key-of-ann-1234, budget: { usd: 0.02, on_exceeded: warn } }] }
providers:
  gpu: { dialect: openai, base_url: "${provider}", api_key: k, prices: { double: { input: 1000, output: 1000 } } }
alerts:
  webhooks:
    - { name: ops, url: "${receiver}", format: alertmanager, secret: ${secret} }
    - { name: chat, url: "${receiver}?to=chat" }
  source: gateway-1
  interval: 50ms
  min_calls: 5
  error_rate: { for: 0s }
  latency: { for: 0s }
  down: { for: 0s }
${more}`;

async function chats({ url }: RunningGateway, count: number): Promise<readonly number[]> {
  const body = JSON.stringify({ model: "gpu/double", messages: [{ role: "user", content: "Hi" }] });
  const headers = { authorization: "Bearer key-of-ann-1234", "content-type": "application/json" };
  const statuses: number[] = [];
  for (let call = 0; call < count; call += 1) {
    const response = await fetch(`${url}/v1/chat/completions`, { method: "POST", headers, body });
    await response.text();
    statuses.push(response.status);
  }
  return statuses;
}

/** The first notice of an alert of Alertmanager's form. */
function told(receiver: WebhookReceiver, status: string, alertname: string, label = "") {
  return receiver.notice(({ body }: ReceivedNotice) =>
    body.alerts?.some(
      (alert: { status: string; labels: Record<string, string> }) =>
        alert.status === status &&
        alert.labels.alertname === alertname &&
        (label === "" || Object.values(alert.labels).includes(label)),
    ),
  );
}

test("errors, an outage and a budget are told, and that the outage is over; nothing secret is in notices or log", async () => {
  await using provider = await startProvider("openai-chat");
  await using receiver = await startWebhookReceiver();
  await using gateway = await startTestGateway({ yaml: yamlOf(provider.url, receiver.url) });

  provider.illness = { kind: "status", status: 500 };
  await chats(gateway, 8);
  await told(receiver, "firing", "PolygateErrorRateHigh", "gpu");
  provider.illness = undefined;

  await chats(gateway, 8);
  await told(receiver, "firing", "PolygateBudgetUsed", "key:ann");

  await provider.down();
  await told(receiver, "firing", "PolygateProviderDown", "gpu");
  await provider.up();
  const over = await told(receiver, "resolved", "PolygateProviderDown", "gpu");

  expect(over.headers["x-polygate-signature"]).toMatch(/^t=\d+,v1=[0-9a-f]{64}$/);
  await receiver.notice(({ path, text }) => path.endsWith("?to=chat") && text.includes("*FIRING*"));
  const all = JSON.stringify([receiver.received, gateway.lines]);
  for (const hidden of [secret, "key-of-ann-1234"]) expect(all).not.toContain(hidden);
  expect(JSON.stringify(gateway.lines)).not.toContain("s3cret-path");
}, 30_000);

test("settings that change nothing of it begin no alert anew", async () => {
  await using provider = await startProvider("openai-chat");
  await using receiver = await startWebhookReceiver();
  const yaml = yamlOf(provider.url, receiver.url);
  await using gateway = await startTestGateway({ yaml });
  await provider.down();
  await told(receiver, "firing", "PolygateProviderDown", "gpu");
  const count = () =>
    receiver.received.filter(({ text }) => text.includes("PolygateProviderDown")).length;
  await receiver.notice(({ path }) => path.endsWith("?to=chat"));
  const before = count();
  await gateway.replace(settingsOf(loadYaml(yaml)));
  await provider.up();
  await told(receiver, "resolved", "PolygateProviderDown", "gpu");
  const firing = receiver.received.filter(({ text }) =>
    /"status":"firing".*ProviderDown/.test(text),
  );
  expect([firing.length, before]).toEqual([1, 2]);
}, 30_000);

test("a webhook that is away keeps no call waiting, and is told to the metrics", async () => {
  await using provider = await startProvider("openai-chat");
  const gone = await startWebhookReceiver();
  const { url } = gone;
  await gone[Symbol.asyncDispose]();
  await using gateway = await startTestGateway({ yaml: yamlOf(provider.url, url) });
  provider.illness = { kind: "status", status: 500 };
  await chats(gateway, 8);
  await gateway.line(({ msg, alert }) => msg === "alert" && alert === "PolygateErrorRateHigh");
  provider.illness = undefined;
  expect(await chats(gateway, 3)).toEqual([200, 200, 200]);
  const page = await (await fetch(`${gateway.url}/metrics`)).text();
  expect(page).toMatch(/^gateway_alerts_firing [1-9]/m);
}, 30_000);
