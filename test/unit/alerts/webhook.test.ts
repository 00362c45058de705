/** Notices reach a real receiver: in the form that it reads, signed, tried again, in bounds, and never to another address. */

import { createHmac } from "node:crypto";
import { describe, expect, test } from "vitest";
import type { WebhookSettings } from "#alerts/alert-settings.ts";
import type { Notice } from "#alerts/alert-states.ts";
import { noticesMax } from "#alerts/payload.ts";
import { type NoticeResult, Webhook, waitingMax } from "#alerts/webhook.ts";
import { systemClock } from "#core/clock.ts";
import { causeText } from "#observability/cause-text.ts";
import { createManualClock } from "../../support/manual-clock.ts";
import { startWebhookReceiver } from "../../support/webhook-receiver.ts";

const startsMs = Date.UTC(2026, 0, 2, 3, 4, 5);
const notice = (more: Partial<Notice> = {}): Notice => ({
  ...{ status: "firing", alert: "PolygateProviderDown", labels: { provider: "gpu" }, key: "k" },
  ...{ summary: "0 of 2 endpoints of gpu answer", startsMs, ...more },
});

/** A webhook to a receiver, what became of its messages, and how long it slept between tries. */
async function open(more: Partial<WebhookSettings> = {}) {
  const receiver = await startWebhookReceiver();
  const ends: [NoticeResult, string?][] = [];
  const pauses: number[] = [];
  const ended = Promise.withResolvers<void>();
  const clock = {
    ...systemClock,
    wallMs: () => startsMs,
    async sleep(ms: number) {
      pauses.push(ms);
    },
  };
  const settings = {
    name: "ops",
    url: receiver.url,
    format: "slack",
    tellsResolved: true,
  } as const;
  const webhook = new Webhook(
    { ...settings, ...more },
    {
      ...{ clock, rng: { next: () => 0.5 }, source: "gateway-1" },
      onEnd(_name, result, cause) {
        ends.push(cause === undefined ? [result] : [result, causeText(cause)]);
        ended.resolve();
      },
    },
  );
  return {
    ...{ receiver, webhook, ends, pauses, ended: ended.promise },
    async [Symbol.asyncDispose]() {
      await webhook[Symbol.asyncDispose]();
      await receiver[Symbol.asyncDispose]();
    },
  };
}

describe("the body", () => {
  test("is a message that Slack reads, in which no text of others is markup", async () => {
    await using all = await open();
    const summary = "core <!channel> & \n<https://evil|x> fails";
    all.webhook.tell([notice({ summary }), notice({ status: "resolved", endsMs: startsMs + 1 })]);
    await all.ended;
    expect(all.receiver.received[0]?.headers["content-type"]).toBe("application/json");
    expect(all.receiver.received[0]?.body).toEqual({
      text: [
        "gateway-1",
        ":red_circle: *FIRING* PolygateProviderDown: core &lt;!channel&gt; &amp; &lt;https://evil|x&gt; fails",
        ":large_green_circle: *RESOLVED* PolygateProviderDown: 0 of 2 endpoints of gpu answer",
      ].join("\n"),
    });
  });

  test("is what Alertmanager posts, where that is asked for", async () => {
    await using all = await open({ format: "alertmanager" });
    all.webhook.tell([
      notice(),
      notice({ status: "resolved", endsMs: startsMs + 1_000, key: "l" }),
    ]);
    await all.ended;
    const common = { job: "polygate", instance: "gateway-1" };
    const alert = {
      labels: { alertname: "PolygateProviderDown", ...common, provider: "gpu" },
      annotations: { summary: "0 of 2 endpoints of gpu answer" },
      startsAt: "2026-01-02T03:04:05.000Z",
      generatorURL: "",
      fingerprint: expect.stringMatching(/^[0-9a-f]{16}$/),
    };
    expect(all.receiver.received[0]?.body).toEqual({
      ...{ version: "4", groupKey: '{}:{instance="gateway-1"}', truncatedAlerts: 0 },
      ...{ status: "firing", receiver: "ops", groupLabels: common, commonLabels: common },
      ...{ commonAnnotations: {}, externalURL: "" },
      alerts: [
        { ...alert, status: "firing", endsAt: "0001-01-01T00:00:00Z" },
        { ...alert, status: "resolved", endsAt: "2026-01-02T03:04:06.000Z" },
      ],
    });
  });

  test("has so many notices at most, and says how many more there are", async () => {
    await using all = await open({ format: "alertmanager" });
    all.webhook.tell(Array.from({ length: noticesMax + 7 }, () => notice()));
    await all.ended;
    const body = all.receiver.received[0]?.body;
    expect([body.alerts.length, body.truncatedAlerts]).toEqual([noticesMax, 7]);
  });

  test("leaves out what is over where nobody wants to know", async () => {
    await using all = await open({ tellsResolved: false });
    all.webhook.tell([notice({ status: "resolved", endsMs: 1 })]);
    all.webhook.tell([notice()]);
    await all.ended;
    expect(all.receiver.received.map(({ text }) => text.includes("RESOLVED"))).toEqual([false]);
  });
});

describe("the signature", () => {
  test("is that of time and body; the secret itself is nowhere", async () => {
    const secret = "a-secret-of-the-operator";
    await using all = await open({ secret });
    all.webhook.tell([notice()]);
    await all.ended;
    const [first] = all.receiver.received;
    const t = startsMs / 1_000;
    const v1 = createHmac("sha256", secret).update(`${t}.${first?.text}`).digest("hex");
    expect(first?.headers["x-polygate-signature"]).toBe(`t=${t},v1=${v1}`);
    expect(JSON.stringify(first)).not.toContain(secret);
  });

  test("is absent without a secret", async () => {
    await using all = await open();
    all.webhook.tell([notice()]);
    await all.ended;
    expect(all.receiver.received[0]?.headers).not.toHaveProperty("x-polygate-signature");
  });
});

describe("a receiver that does not take it", () => {
  test("is asked again, each time after twice the pause, while that may help", async () => {
    await using all = await open();
    all.receiver.statuses.push(503, 429, 500, 408);
    all.webhook.tell([notice()]);
    await all.ended;
    expect(all.ends).toEqual([["sent"]]);
    expect(all.pauses).toEqual([1_000, 2_000, 4_000, 8_000]);
    expect(new Set(all.receiver.received.map(({ text }) => text)).size).toBe(1);
  });

  test("is given up after six tries", async () => {
    await using all = await open();
    all.receiver.statuses.push(...Array(9).fill(500));
    all.webhook.tell([notice()]);
    await all.ended;
    expect(all.receiver.received).toHaveLength(6);
    expect(all.ends[0]?.[0]).toBe("failed");
  });

  test.each([301, 302, 307, 308])("and sends us elsewhere (%d) is not followed", async (status) => {
    await using elsewhere = await startWebhookReceiver();
    await using receiver = await startWebhookReceiver("/here", elsewhere.url);
    await using all = await open({ url: receiver.url });
    receiver.statuses.push(status);
    all.webhook.tell([notice()]);
    await all.ended;
    expect(all.ends).toEqual([["failed", `the webhook answered ${status}`]]);
    expect([receiver.received.length, elsewhere.received.length]).toEqual([1, 0]);
  });

  test("and says that it never will is not asked again; no address is in what the log is told", async () => {
    await using all = await open();
    all.receiver.statuses.push(404);
    all.webhook.tell([notice()]);
    await all.ended;
    expect(all.receiver.received).toHaveLength(1);
    expect(JSON.stringify(all.ends)).not.toContain("s3cret-path");
  });

  test("and is not there at all keeps nobody waiting; the oldest messages give way", async () => {
    const clock = createManualClock();
    const ends: NoticeResult[] = [];
    const webhook = new Webhook(
      { name: "ops", url: "http://127.0.0.1:1/", format: "slack", tellsResolved: true },
      {
        ...{ clock, rng: { next: () => 0.5 }, source: "s" },
        onEnd: (_name, result) => void ends.push(result),
      },
    );
    for (let message = 0; message < waitingMax + 6; message += 1) webhook.tell([notice()]);
    // One is on its way already.
    expect(ends).toEqual(Array(5).fill("dropped"));
    // Its limit of time, and what it sleeps between two tries.
    await clock.untilSleeping(1);
    const closed = webhook[Symbol.asyncDispose]();
    await clock.untilSleeping(1);
    await clock.advance(2_000);
    await closed;
  });
});
