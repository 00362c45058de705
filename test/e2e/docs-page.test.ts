/** The documentation page in a real browser: what it lists, and that it can try calls. */

import { fileURLToPath } from "node:url";
import type { Browser, Page } from "playwright-core";
import { beforeAll, describe, expect, onTestFailed, onTestFinished, test } from "vitest";
import { launchChromium, noChromium } from "../support/chromium.ts";
import { digitImage, type RunningGateway, startTestGateway } from "../support/gateway.ts";
import { describeWith } from "../support/needs.ts";

const withKey = `
gateway: { host: 127.0.0.1, port: 0 }
auth: { keys: [{ name: operator, key: a-key-that-is-long-enough, scopes: [admin] }] }
`;

const sizes = [
  { name: "a desk", width: 1280, height: 900 },
  { name: "a phone", width: 390, height: 844 },
];

/** Those that anonymous callers may not call. */
const adminOperations = [
  "ConfigService_GetConfig",
  "ConfigService_GetConfigStatus",
  "ConfigService_CheckConfig",
  "ConfigService_ReloadConfig",
  "ConfigService_RestartWorkers",
  "ModelsService_LoadModel",
  "ModelsService_UnloadModel",
  "ModelsService_ReloadModel",
  "ModelsService_ReloadModel_2",
  "CacheService_Purge",
  "RoutingService_ListDecisions",
  "RoutingService_WatchDecisions",
  "BackendsService_ListBackends",
  "BackendsService_DrainBackend",
  "BackendsService_ResumeBackend",
  "BackendsService_ResetBackend",
  "LimitsService_ListLimits",
  "LimitsService_GetLimit",
  "LimitsService_ResetLimit",
  "RequestsService_ListRequests",
  "RequestsService_GetRequest",
  "RequestsService_WatchRequests",
  "KeysService_CreateKey",
  "KeysService_ListKeys",
  "KeysService_GetKey",
  "KeysService_UpdateKey",
  "KeysService_RotateKey",
  "KeysService_RevokeKey",
  "KeysService_GetUsage",
];

/** Operations that need a provider or a key, and what a gateway without any says. */
const needyOperations: Readonly<Record<string, string>> = {
  ChatService_CountTokens: "no backend of the default model counts tokens exactly",
  EmbeddingsService_Embed: "makes embeddings",
  KeysService_GetOwnKey: "the gateway asks for no key",
};

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

  describe.each(sizes)("on $name", ({ name: _, ...viewport }) => {
    /** The page at an operation; what it complains of is collected. */
    async function open(operation: string, url = gateway.url): Promise<Page> {
      const page = await browser.newPage({ viewport });
      const complaints: string[] = [];
      page.on("console", (message) => {
        if (message.type() === "error") complaints.push(message.text());
      });
      page.on("pageerror", ({ message }) => complaints.push(message));
      onTestFailed(() => console.log(complaints));
      onTestFinished(() => page.close());
      await page.goto(`${url}/docs#${operation}`);
      await page.waitForSelector("main form");
      expect(complaints).toEqual([]);
      return page;
    }

    /** The list, which a phone shows when it is asked for. */
    async function openList(page: Page): Promise<void> {
      if (!(await page.locator("#operations").isVisible())) await page.click("#list summary");
    }

    const statusOf = (page: Page) => page.textContent(".status");
    const isFocused = async (page: Page, selector: string) =>
      (await page.locator(selector).and(page.locator(":focus")).count()) === 1;
    const widthOf = (page: Page) => page.evaluate("document.documentElement.scrollWidth");
    const topOf = async (page: Page, selector: string) =>
      (await page.locator(selector).boundingBox())?.y ?? Number.NaN;

    /** Goes to an operation of the page that is open. */
    async function select(page: Page, operation: string): Promise<void> {
      await page.goto(`${page.url().split("#")[0]}#${operation}`);
      const link = `#operations a[aria-current][href="#${operation}"]`;
      await page.locator(link).waitFor({ state: "attached" });
    }

    /** All operations in the list. */
    async function operationsOf(page: Page): Promise<string[]> {
      const links = await page.locator("#operations a").all();
      const targets = await Promise.all(links.map((link) => link.getAttribute("href")));
      return targets.map((target) => target?.slice(1) ?? "");
    }

    /** Presses Try and waits for the response's end: its text. */
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
        "EmbeddingsService",
        "PredictService",
        "UploadService",
        "ModelsService",
        "HealthService",
        "StatsService",
        "CacheService",
        "RoutingService",
        "BackendsService",
        "LimitsService",
        "RequestsService",
        "KeysService",
        "ConfigService",
      ]);
      const links = () => page.locator("#operations a:visible").allTextContents();
      await page.fill("#filter", "PREDICT");
      expect(await links()).toEqual(["POST/api/v1/models/{model}:predict", "POST/predict/{model}"]);
      await page.fill("#filter", "v1/query");
      expect(await links(), "some of a service's").toEqual(["POST/v1/query"]);
    });

    test("a filter that fits nothing says so", async () => {
      const page = await open("ChatService_Chat");
      await page.fill("#filter", "<b>nowhere");
      const none = page.locator("#none");
      expect([await none.isVisible(), await none.textContent()]).toEqual([
        true,
        "No operation contains “<b>nowhere”.",
      ]);
      await page.fill("#filter", "query");
      expect(await none.textContent()).toBe("");
    });

    test("the address, the title and the focus follow what is selected", async () => {
      const page = await open("ChatService_Chat");
      expect(await page.title()).toBe("POST /api/v1/chat · Polygate API");
      await openList(page);
      await page.click('#operations a[href="#ChatService_Query"]');
      // The page follows its address after the click has returned, and after going back.
      await expect.poll(() => page.title()).toBe("POST /v1/query · Polygate API");
      await page.locator("main h2:focus").waitFor();
      expect(await topOf(page, "main h2"), "in view").toBeLessThan(200);
      await page.goBack();
      await expect.poll(() => page.textContent("main h2")).toBe("ChatService.Chat");
      expect(await page.getAttribute("#operations a[aria-current]", "href")).toBe(
        "#ChatService_Chat",
      );
    });

    test("nothing is wider than the screen", async () => {
      const page = await open("");
      const operations = await operationsOf(page);
      expect(operations.length).toBeGreaterThan(15);
      for (const operation of operations) {
        await select(page, operation);
        expect(await widthOf(page), operation).toBe(viewport.width);
      }
    });

    test("every operation works as it stands, or says in place what is missing", async () => {
      const page = await open("");
      for (const operation of await operationsOf(page)) {
        await select(page, operation);
        if (operation === "UploadService_Upload") {
          await page.setInputFiles("main input[type=file]", fileURLToPath(digitImage(7)));
        }
        await page.click("main button[type=submit]");
        if (operation === "StatsService_WatchStats") {
          await page.locator(".messages li").first().waitFor();
          await page.click("text=Stop");
        }
        await page.locator(".status", { hasText: / ms$/ }).waitFor();
        expect(await topOf(page, ".answer"), "in view").toBeLessThan(viewport.height);
        if (adminOperations.includes(operation)) {
          expect(await statusOf(page), operation).toMatch(/^403 /);
          expect(await page.textContent(".answer"), operation).toContain("set API_KEY");
          const closed = /Closed while the gateway has no keys.*Set API_KEY/;
          expect(await page.textContent("main"), operation).toMatch(closed);
        } else if (operation in needyOperations) {
          expect(await statusOf(page), operation).toMatch(/^404 /);
          expect(await page.textContent(".answer"), operation).toContain(
            needyOperations[operation],
          );
        } else {
          expect(await statusOf(page), operation).toMatch(/^200 OK/);
        }
      }
    });

    test("there is no box for a key that nobody asks for", async () => {
      const page = await open("ChatService_Chat");
      expect(await page.locator("#credential input").isVisible()).toBe(false);
    });

    test("tries a chat with the request that it begins with", async () => {
      const page = await open("ChatService_Chat");
      expect(await page.inputValue("textarea")).toContain("12*7");
      expect(await answerOf(page)).toMatch(/200 OK.*12\*7 = 84/s);
    });

    test.each([
      ["text/event-stream", ".messages li"],
      ["application/x-ndjson", ".messages li"],
    ])("tries a chat that is accepted as %s: message by message", async (type, messages) => {
      const page = await open("ChatService_Chat");
      await page.locator("main select").selectOption(type);
      expect(await answerOf(page)).toContain(`200 OK · ${type}`);
      const texts = await page.locator(messages).allTextContents();
      expect(texts.length).toBeGreaterThan(3);
      expect(texts[1]).toMatch(/^2\{"delta":"[^"]*"\}$/);
      expect(texts.join("")).not.toMatch(/data:|retry:|id:/);
    });

    test.each(["PredictService_Predict", "PredictService_Predict_2"])(
      "%s: an image as JSON, then as a file",
      async (operation) => {
        const page = await open(operation);
        expect(await answerOf(page)).toMatch(/200 OK.*"label": "7"/s);
        await page.click("text=Form with files");
        expect(await page.textContent(".curl pre"), "at once").toContain("-F 'file=@FILE'");
        await page.click("main button[type=submit]");
        expect(await statusOf(page)).toMatch(/^file: .+/);
        expect(await page.locator(".status").getAttribute("class")).toContain("failed");
        expect(await isFocused(page, "input[type=file]")).toBe(true);
        await page.setInputFiles("input[type=file]", fileURLToPath(digitImage(3)));
        expect(await page.textContent(".curl pre")).toMatch(
          /^curl -sN 'http:.*' .*-F 'file=@3\.png'/s,
        );
        expect(await answerOf(page)).toMatch(/200 OK.*"label": "3"/s);
      },
    );

    test("a parameter that must be there is asked for", async () => {
      const page = await open("ModelsService_GetModel");
      await page.fill("main form input", "");
      await page.click("main button[type=submit]");
      expect(await statusOf(page)).toMatch(/^model: .+/);
      expect(await isFocused(page, "main form input")).toBe(true);
    });

    test("an error that ends a stream is readable, and long streams keep their newest messages", async () => {
      const page = await open("ChatService_StreamChat");
      const events = Array.from(
        { length: 600 },
        (_, at) => `id: ${at + 1}\r\ndata: {"delta":\r\ndata: "${at}"}\r\n\r\n`,
      );
      const error = 'event: error\ndata: {"error":{"code":"BACKEND_LOST"}}\n\n';
      await page.route("**/api/v1/chat:stream", (route) =>
        route.fulfill({
          contentType: "text/event-stream",
          body: `retry: 3000\n\n: keep-alive\n\n${events.join("")}${error}: cut off`,
        }),
      );
      await answerOf(page);
      const texts = await page.locator(".messages li").allTextContents();
      expect(texts).toHaveLength(500);
      expect(texts.at(-2)).toBe('600{"delta":"599"}');
      expect(texts.at(-1)).toBe('error{\n  "error": {\n    "code": "BACKEND_LOST"\n  }\n}');
      expect(await page.textContent(".note")).toBe(
        "The last 500 of 601 messages, without fields at their defaults.",
      );
    });

    test("a stream that has no end is stopped, by its button and by going elsewhere", async () => {
      await using own = await startTestGateway();
      const page = await open("StatsService_WatchStats", own.url);
      const cancelled = () =>
        own.lines.filter(
          ({ procedure, code }) => String(procedure).endsWith("WatchStats") && code !== "OK",
        ).length;
      await page.click("main button[type=submit]");
      await page.locator(".messages li").first().waitFor();
      await page.click("text=Stop");
      await page.locator(".status", { hasText: "stopped" }).waitFor();
      // Over HTTP/1.1 an end may mean that there is no more to say: it takes a moment to know.
      await expect.poll(cancelled, { timeout: 5000 }).toBe(1);
      await page.click("main button[type=submit]");
      await page.locator(".messages li").first().waitFor();
      await openList(page);
      await page.click('#operations a[href="#ChatService_Query"]');
      await expect.poll(cancelled, { timeout: 5000 }).toBe(2);
    });

    test("a gateway with keys shows a box for them, and what each call needs", async () => {
      await using guarded = await startTestGateway({ yaml: withKey });
      const page = await open("ChatService_Query", guarded.url);
      expect(await answerOf(page)).toMatch(/401 .*CREDENTIAL_MISSING/s);
      await page.fill("#credential input", "a-key-that-is-long-enough");
      expect(await answerOf(page)).toMatch(/200 OK/);
      expect(await page.textContent(".curl pre")).toContain("Bearer $POLYGATE_KEY");
      for (const [verb, state] of [
        ["UnloadModel", /"state": "un/],
        ["LoadModel", /"state": "(available|loading)/],
        ["ReloadModel", /"state": "(available|loading)/],
      ] as const) {
        await select(page, `ModelsService_${verb}`);
        expect(await page.textContent("main")).toContain("Needs a key that has the scope admin");
        expect(await answerOf(page)).toMatch(state);
      }
    });

    test("keys alone do: to an operation, through its form, into what it gave", async () => {
      const page = await open("ChatService_Chat");
      await page.focus("#filter");
      await page.keyboard.type("v1/query");
      for (let tabs = 0; tabs < 4 && !(await isFocused(page, "#operations a:visible")); tabs += 1) {
        await page.keyboard.press("Tab");
      }
      await page.keyboard.press("Enter");
      await page.locator("main h2:focus").waitFor();
      await page.keyboard.press("Tab");
      expect(await isFocused(page, "textarea")).toBe(true);
      await page.keyboard.press("Tab");
      expect(await isFocused(page, "main button[type=submit]")).toBe(true);
      await page.keyboard.press("Enter");
      await page.locator(".status", { hasText: / ms$/ }).waitFor();
      expect(await isFocused(page, "main button[type=submit]"), "still there").toBe(true);
      await page.keyboard.press("Tab");
      await page.keyboard.press("Tab");
      expect(await isFocused(page, ".answer pre"), "what scrolls can be reached").toBe(true);
      await page.keyboard.press("Tab");
      expect(await isFocused(page, ".curl pre")).toBe(true);
    });

    test("the first key press offers to skip the list", async () => {
      const page = await open("ChatService_Chat");
      await page.keyboard.press("Tab");
      expect(await isFocused(page, "#skip")).toBe(true);
      await page.keyboard.press("Enter");
      await page.locator("main h2:focus").waitFor();
    });

    test("the command is copied, and that is said", async () => {
      const page = await open("ChatService_Chat");
      await page.click(".curl button");
      await page.locator(".curl button", { hasText: /Copied|Selected/ }).waitFor();
    });

    test("a document that cannot be read is said", async () => {
      const page = await browser.newPage({ viewport });
      onTestFinished(() => page.close());
      await page.route("**/openapi.json", (route) => route.fulfill({ status: 503 }));
      await page.goto(`${gateway.url}/docs`);
      await page.locator("main .failed", { hasText: "openapi.json: 503" }).waitFor();
    });

    test("/ shows what is here, and all its links lead somewhere", async () => {
      // Where the portal is built, a browser is led there instead.
      await using unbuilt = await startTestGateway({
        yaml: "gateway: { host: 127.0.0.1, port: 0 }\nportal: { folder: nowhere }",
      });
      const page = await browser.newPage({ viewport, colorScheme: "dark" });
      onTestFinished(() => page.close());
      const complaints: string[] = [];
      page.on("console", (message) => complaints.push(message.text()));
      await page.goto(unbuilt.url);
      expect(await page.title()).toMatch(/^Polygate \d/);
      expect(await page.textContent("header")).toContain("ready");
      const width = await page.evaluate("document.querySelector('header img').naturalWidth");
      expect(width, "the icon is shown").toBeGreaterThan(0);
      const background = "getComputedStyle(document.body).backgroundColor";
      expect(await page.evaluate(background), "dark").toBe("rgb(20, 23, 28)");
      expect(await widthOf(page)).toBe(viewport.width);
      const links = await page.locator("nav a").all();
      const paths = await Promise.all(links.map((link) => link.getAttribute("href")));
      expect(paths).toEqual(["/docs", "/openapi.json", "/health", "/metrics"]);
      for (const path of paths) expect((await fetch(unbuilt.url + path)).status).toBe(200);
      expect(complaints).toEqual([]);
    });
  });
});
