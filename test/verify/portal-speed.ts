/**
 * Prints how quick the portal's pages are in headless Chromium, over a real gateway, and fails where a
 * budget is passed: the largest paint of pages that a browser sees for the first time, on the clock; the
 * redraw of charts with 10,000 points and the page of monitoring whose data is there, in processor time
 * of the page's thread, which other programs do not add to. Each figure is the median of several.
 */

import { create, toBinary } from "@bufbuild/protobuf";
import type { Browser, CDPSession, Page } from "playwright-core";
import {
  GetHistoryResponseSchema,
  GetPerformanceResponseSchema,
  HistorySeriesSchema,
  ProviderStatsSchema,
} from "#gen/polygate/v1/stats_pb.js";
import { builtPortal } from "../support/built-portal.ts";
import { launchChromium, noChromium } from "../support/chromium.ts";
import { startTestGateway } from "../support/gateway.ts";

const times = 7;
/** Milliseconds. */
const budgets = { paint: 1500, redraw: 8, render: 50 };
/** What the charts of monitoring show: together 10,000 points each. */
const providers = ["anthropic", "google", "openai", "local"];
const steps = 2500;

const median = (values: readonly number[]) =>
  values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;

/** Runs `measure` several times, one after another. */
async function medianOf(measure: () => Promise<number>): Promise<number> {
  const values: number[] = [];
  for (let done = 0; done < times; done += 1) values.push(await measure());
  return median(values);
}

function print(name: string, ms: number, budgetMs: number): void {
  const isMet = ms <= budgetMs;
  const figures = `${ms.toFixed(1).padStart(7)} of ${budgetMs.toFixed(1).padStart(6)} ms`;
  process.stdout.write(`${figures}  ${name}: ${isMet ? "ok" : "TOO SLOW"}\n`);
  if (!isMet) process.exitCode = 1;
}

/** When the largest thing of a page was painted, in a browser that has none of its files. */
async function largestPaint(browser: Browser, url: string): Promise<number> {
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(url);
  await page.waitForSelector("#main > *");
  await page.waitForSelector("[aria-busy=true]", { state: "detached" });
  const ms = await page.evaluate<number>(`new Promise((resolve) => {
    const last = (entries) => entries.length > 0 && resolve(entries.at(-1).startTime);
    new PerformanceObserver((list) => last(list.getEntries()))
      .observe({ type: "largest-contentful-paint", buffered: true });
  })`);
  await context.close();
  return ms;
}

/** Has the page of monitoring find these figures in place of the gateway's. */
async function fill(page: Page): Promise<void> {
  const begin = Math.floor(Date.now() / 1000) - steps * 60;
  const some = (of: number) => Array.from({ length: steps }, (_, step) => of + ((step * 7) % 23));
  const history = create(GetHistoryResponseSchema, {
    ...{ startTime: { seconds: BigInt(begin) }, stepSeconds: 60, steps },
    series: providers.map((name, index) =>
      create(HistorySeriesSchema, {
        ...{ name, requests: some(10 * index + 1), p95LatencyMs: some(100), tokens: some(1000) },
        ...{ callerErrors: some(0), upstreamErrors: some(1), gatewayErrors: some(0) },
      }),
    ),
  });
  const stats = create(ProviderStatsSchema, {
    ...{ totalRequests: 12_345, avgLatencyMs: 840, successRate: 0.99, totalCost: 12.5 },
    ...{ totalTokens: 3_210_000, p50LatencyMs: 700, p95LatencyMs: 1900, p99LatencyMs: 4000 },
  });
  const performance = create(GetPerformanceResponseSchema, {
    hours: 1,
    providerStats: Object.fromEntries(providers.map((name) => [name, stats])),
    modelStats: Object.fromEntries(providers.map((name) => [`${name}-model`, stats])),
  });
  const answers = {
    GetHistory: toBinary(GetHistoryResponseSchema, history),
    GetPerformance: toBinary(GetPerformanceResponseSchema, performance),
  };
  for (const [method, bytes] of Object.entries(answers)) {
    const answer = { contentType: "application/proto", body: Buffer.from(bytes) };
    const isAsked = ({ pathname }: URL) => pathname.endsWith(`StatsService/${method}`);
    await page.route(isAsked, (route) => route.fulfill(answer));
  }
}

/** Milliseconds of processor time that the page's thread has spent in these kinds of work. */
async function spentMs(session: CDPSession, kinds: readonly string[]): Promise<number> {
  const { metrics } = await session.send("Performance.getMetrics");
  const seconds = metrics.filter(({ name }) => kinds.includes(name)).map(({ value }) => value);
  return seconds.reduce((sum, value) => sum + value, 0) * 1000;
}

const painted = "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))";

/** What `act` costs the page's thread until it is painted. */
async function costOf(
  page: Page,
  session: CDPSession,
  kinds: readonly string[],
  act: () => Promise<unknown>,
): Promise<number> {
  await page.evaluate(painted);
  const before = await spentMs(session, kinds);
  await act();
  await page.evaluate(painted);
  return (await spentMs(session, kinds)) - before;
}

async function measureMonitoring(browser: Browser, url: string): Promise<void> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
  const page = await context.newPage();
  await fill(page);
  const session = await context.newCDPSession(page);
  await session.send("Performance.enable", { timeDomain: "threadTicks" });
  await page.goto(`${url}monitoring`);
  const charts = page.locator(".plot canvas");
  await charts.nth(3).waitFor();
  await page.waitForSelector(`.legend >> text=${providers[0]}`);
  // Each chart draws itself anew when its width is another one.
  let width = 1280;
  const redraw = await medianOf(async () => {
    width = width === 1280 ? 1180 : 1280;
    const before = await charts.first().getAttribute("width");
    const resized = async () => {
      await page.setViewportSize({ width, height: 900 });
      await page.waitForSelector(`.plot canvas:not([width="${before}"])`);
    };
    return (await costOf(page, session, ["ScriptDuration"], resized)) / (await charts.count());
  });
  print("redraw of a chart with 10,000 points, script", redraw, budgets.redraw);
  const kinds = ["ScriptDuration", "LayoutDuration", "RecalcStyleDuration"];
  const render = await medianOf(async () => {
    await page.click("nav >> text=Models");
    await page.waitForSelector("h1:has-text('Models')");
    await page.waitForSelector("[aria-busy=true]", { state: "detached" });
    return costOf(page, session, kinds, async () => {
      await page.click("nav >> text=Monitoring");
      await charts.nth(3).waitFor();
    });
  });
  print("monitoring, its data there, script and layout", render, budgets.render);
  await context.close();
}

if (noChromium !== undefined) throw new Error(noChromium);
await using built = await builtPortal();
const yaml = `gateway: { host: 127.0.0.1, port: 0 }\nportal: { folder: ${built.path} }`;
await using gateway = await startTestGateway({ yaml });
const chat = { headers: { "content-type": "application/json" }, body: '{"message":"2+2"}' };
await fetch(`${gateway.url}/api/v1/chat`, { method: "POST", ...chat });
const browser = await launchChromium();
await using _ = { [Symbol.asyncDispose]: () => browser.close() };
const portal = `${gateway.url}/portal/`;
for (const path of ["", "monitoring", "requests", "chat"]) {
  const ms = await medianOf(() => largestPaint(browser, portal + path));
  print(`largest paint of /portal/${path}, nothing cached`, ms, budgets.paint);
}
await measureMonitoring(browser, portal);
