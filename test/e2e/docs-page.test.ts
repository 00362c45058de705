/** The documentation page in a real browser: what it lists, and that it can try calls. */

import { fileURLToPath } from "node:url";
import type { Browser, Page } from "playwright-core";
import { beforeAll, expect, onTestFailed, test } from "vitest";
import { launchChromium, noChromium } from "../support/chromium.ts";
import { digitImage, type RunningGateway, startTestGateway } from "../support/gateway.ts";
import { describeWith } from "../support/needs.ts";

const withKey = `
gateway: { host: 127.0.0.1, port: 0 }
auth: { keys: [{ name: reader, key: a-key-that-is-long-enough }] }
`;

describeWith(noChromium)("the documentation page", { timeout: 30_000 }, () => {
  let browser: Browser;
  let gateway: RunningGateway;

  beforeAll(async () => {
    browser = await launchChromium();
    gateway = await startTestGateway();
    return async () => {
      await browser.close();
      await gateway[Symbol.asyncDispose]();
    };
  }, 60_000);

  /** The page at an operation; what it complains of is collected. */
  async function open(operation: string, url = gateway.url): Promise<Page> {
    const page = await browser.newPage();
    const complaints: string[] = [];
    page.on("console", (message) => {
      if (message.type() === "error") complaints.push(message.text());
    });
    page.on("pageerror", ({ message }) => complaints.push(message));
    onTestFailed(() => console.log(complaints));
    await page.goto(`${url}/docs#${operation}`);
    await page.waitForSelector("main form");
    expect(complaints).toEqual([]);
    return page;
  }

  /** Presses Try and waits for the answer's end: its text. */
  async function answerOf(page: Page): Promise<string> {
    await page.click("main button[type=submit]");
    await page.locator(".status", { hasText: / ms$/ }).waitFor();
    return (await page.textContent(".answer")) ?? "";
  }

  test("lists the operations of every service, and filters them", async () => {
    const page = await open("");
    const services = await page.locator("#operations h2").allTextContents();
    expect(services).toEqual([
      "ChatService",
      "PredictService",
      "ModelsService",
      "HealthService",
      "StatsService",
    ]);
    await page.fill("#filter", "PREDICT");
    const links = await page.locator("#operations a:visible").allTextContents();
    expect(links).toEqual(["POST/api/v1/models/{model}:predict", "POST/predict/{model}"]);
  });

  test("tries a chat with the request that it begins with", async () => {
    const page = await open("ChatService_Chat");
    expect(await page.inputValue("textarea")).toContain("12*7");
    expect(await answerOf(page)).toMatch(/200 OK.*12\*7 = 84/s);
  });

  test("shows a stream's messages", async () => {
    const page = await open("ChatService_StreamChat");
    const answer = await answerOf(page);
    expect(answer).toContain("text/event-stream");
    expect(answer.match(/^data: /gm)?.length).toBeGreaterThan(3);
  });

  test("stops a stream that has no end", async () => {
    const page = await open("StatsService_WatchStats");
    await page.click("main button[type=submit]");
    await page.locator(".answer pre", { hasText: "id: 1" }).waitFor();
    await page.click("text=Stop");
    await page.locator(".status", { hasText: "stopped" }).waitFor();
  });

  test("uploads a file, and tells the same as a curl command", async () => {
    const page = await open("PredictService_Predict_2");
    await page.click("text=Form with files");
    await page.setInputFiles("input[type=file]", fileURLToPath(digitImage(7)));
    expect(await page.textContent(".curl pre")).toMatch(
      /^curl -sN 'http:.*\/predict\/digits' .*-F 'file=@7\.png'/s,
    );
    expect(await answerOf(page)).toMatch(/200 OK.*"label": "7"/s);
  });

  test("shows a refusal, and sends the key when there must be one", async () => {
    await using guarded = await startTestGateway({ yaml: withKey });
    const page = await open("ChatService_Query", guarded.url);
    expect(await answerOf(page)).toMatch(/401 .*CREDENTIAL_MISSING/s);
    await page.fill("#credential input", "a-key-that-is-long-enough");
    expect(await answerOf(page)).toMatch(/200 OK/);
    expect(await page.textContent(".curl pre")).toContain("Bearer $POLYGATE_KEY");
  });
});
