/** The portal in a real browser, over a real gateway: each page in each state, and the ways through it. */

import { readFileSync } from "node:fs";
import type { ServerResponse } from "node:http";
import { fileURLToPath } from "node:url";
import axeCore from "axe-core";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, onTestFailed, onTestFinished, test } from "vitest";
import { getOrCreate } from "#core/get-or-create.ts";
import { portalSizes } from "../../web/portal/size.ts";
import { builtPortal } from "../support/built-portal.ts";
import { launchChromium, noChromium } from "../support/chromium.ts";
import { digitImage, type RunningGateway, startTestGateway } from "../support/gateway.ts";
import { describeWith } from "../support/needs.ts";
import { type PortalFront, startPortalFront } from "../support/portal-front.ts";
import { type ProviderDouble, startProvider } from "../support/provider-double.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const admin = "an-admin-key-that-is-long-enough";
const axe = axeCore.source;
const scene = new URL("../../models/digit-detector/examples/scene-1.png", import.meta.url);

/** What pages can be in, and which of them shows it by itself. */
const states = ["there", "stale", "empty", "loading", "failed"] as const;
type PageState = (typeof states)[number];

/** Each page by its address, and the states that its regions have. */
const pages: readonly (readonly [path: string, states: readonly PageState[]])[] = [
  ["", states],
  ["monitoring", states],
  ["requests", states],
  ["requests?id=failed-over", ["there", "stale", "loading", "failed"]],
  ["routing?model=careful", states],
  ["models", ["there", "stale", "loading", "failed"]],
  ["models?model=digits", ["there", "stale", "loading", "failed"]],
  ["models?filter=nothing-like-this", ["empty"]],
  ["chat", ["there"]],
  ["predict", ["there", "stale", "loading", "failed"]],
  ["keys", states],
  ["configuration", ["there", "stale", "loading", "failed"]],
  ["configuration?filter=nothing-like-this", ["empty"]],
  ["api", ["there"]],
  ["api?method=PredictService.StreamPredict", ["there"]],
  ["nowhere", ["there"]],
];

/** What axe looks at again where only colours, or only sizes, are other ones. */
const looks = [
  { scheme: "light", width: 1280, rules: undefined },
  { scheme: "dark", width: 1280, rules: ["color-contrast", "link-in-text-block"] },
  { scheme: "light", width: 390, rules: ["target-size", "scrollable-region-focusable"] },
  { scheme: "light", width: 320, rules: [] },
] as const;

const height = 900;

/** A service that is away, as the gateway tells it. */
function refuse(_: string, response: ServerResponse): boolean {
  const headers = { "content-type": "application/json", "x-request-id": "req_refused" };
  response.writeHead(503, headers);
  response.end(JSON.stringify({ code: "unavailable", message: "no one is there" }));
  return true;
}

describeWith(noChromium)("the portal", { timeout: 60_000 }, () => {
  const scope = new AsyncDisposableStack();
  let files: string;
  let browser: Browser;
  let provider: ProviderDouble;
  let other: ProviderDouble;
  let gateway: RunningGateway;
  let front: PortalFront;
  /** A portal of a gateway that nobody has called. */
  let unused: PortalFront;

  const yaml = (keys: string, providers: string) => `
gateway: { host: 127.0.0.1, port: 0 }
auth: { keys: [{ name: ops, key: ${admin}, scopes: [admin] }], key_store: { path: "${keys}" } }
${providers}`;

  const ask = (gatewayUrl: string, id: string, body: object) =>
    fetch(`${gatewayUrl}/api/v1/chat`, {
      method: "POST",
      headers: {
        authorization: `Bearer ${admin}`,
        "content-type": "application/json",
        "x-request-id": id,
      },
      body: JSON.stringify(body),
    }).then((response) => response.text());

  beforeAll(async () => {
    files = scope.use(await builtPortal()).path;
    const folder = scope.use(await temporaryFolder());
    provider = scope.use(await startProvider("openai-chat"));
    other = scope.use(await startProvider("anthropic"));
    gateway = scope.use(
      await startTestGateway({
        yaml: yaml(
          `${folder.path}/keys.db`,
          `
providers:
  one: { dialect: openai, base_url: "${provider.url}", api_key: k, default_model: double, prices: { double: { input: 1, output: 2 } } }
  two: { dialect: anthropic, base_url: "${other.url}", api_key: k, default_model: double, prices: { double: { input: 3, output: 9 } } }
routes:
  careful: { fallback: [one/double, two/double] }
  priced: { scored: [{ provider: one, model: double }, { provider: two, model: double }] }
`,
        ),
      }),
    );
    const idle = scope.use(
      await startTestGateway({ yaml: yaml(`${folder.path}/other-keys.db`, "") }),
    );
    const keys = { [admin]: ["admin"] };
    front = scope.use(await startPortalFront({ files, gatewayUrl: gateway.url, keys }));
    unused = scope.use(await startPortalFront({ files, gatewayUrl: idle.url, keys }));
    browser = await launchChromium();
    scope.defer(() => browser.close());
    await ask(gateway.url, "plain", { message: "Hi", model_preference: "one" });
    provider.faults.push({ kind: "status", status: 503 });
    await ask(gateway.url, "failed-over", { message: "Hi", model_preference: "careful" });
    await ask(gateway.url, "unknown", { message: "Hi", model_preference: "no-such-model" });
    await fetch(`${gateway.url}/api/v1/keys`, {
      method: "POST",
      headers: { authorization: `Bearer ${admin}`, "content-type": "application/json" },
      body: JSON.stringify({ name: "app", models: ["double"] }),
    });
  }, 120_000);

  afterAll(() => scope.disposeAsync());

  const newContext = () => browser.newContext({ viewport: { width: 1280, height } });

  /** A page of a context, and all that it complains of. */
  async function openPage(context: BrowserContext) {
    const complaints: string[] = [];
    const page = await context.newPage();
    page.on("console", (message) => {
      // A browser writes this of each call that fails, and some do here on purpose.
      if (message.type() === "error" && !message.text().startsWith("Failed to load resource")) {
        complaints.push(message.text());
      }
    });
    page.on("pageerror", (error) => complaints.push(error.message));
    onTestFailed(() => console.log(complaints));
    onTestFinished(() => page.close());
    return { page, context, complaints };
  }

  /** A page of a browser that has seen nothing yet. */
  async function openBrowser() {
    const context = await newContext();
    onTestFinished(() => context.close());
    return openPage(context);
  }

  /** A browser for each portal, since cookies know no ports; what its pages have loaded is in its cache. */
  const contexts = new Map<PortalFront, Promise<BrowserContext>>();

  async function logIn(page: Page, key = admin): Promise<void> {
    await page.fill("input[name=key]", key);
    await page.click("form:has(input[name=key]) button[type=submit]");
  }

  /** A page for a portal, logged in. */
  async function pageFor(at: PortalFront) {
    const context = await getOrCreate(contexts, at, newContext);
    const headers = { "x-polygate-portal": "1" };
    await context.request.post(`${at.url}session`, { headers, data: { key: admin } });
    return openPage(context);
  }

  /** A page of a portal, logged in. */
  async function open(path: string) {
    const opened = await pageFor(front);
    await opened.page.goto(front.url + path);
    await opened.page.waitForSelector("nav");
    return opened;
  }

  const settled = async (page: Page) => {
    await page.waitForSelector("#main > *");
    await page.waitForSelector("[aria-busy=true]", { state: "detached" });
  };

  /** Has the page be in a state; a page that is there goes stale where it stands. */
  async function reach(page: Page, at: PortalFront, path: string, state: PageState): Promise<void> {
    if (state === "loading") at.meet(() => true);
    if (state === "failed") at.meet(refuse);
    if (state !== "stale") await page.goto(at.url + path);
    if (state === "loading") return void (await page.waitForSelector(".skeleton.seen"));
    await settled(page);
    if (state === "failed") await page.waitForSelector(".problem");
    if (state === "empty") await page.waitForSelector(".empty");
    if (state !== "stale") return;
    at.meet(refuse);
    await page.click("text=Read again");
    await page.waitForSelector(".stale");
  }

  /** What axe finds, in words. */
  async function findingsOf(page: Page, rules: readonly string[] | undefined): Promise<string[]> {
    const options = rules === undefined ? {} : { runOnly: { type: "rule", values: rules } };
    const found = await page.evaluate<[string, string][]>(
      `axe.run(document, ${JSON.stringify(options)}).then(({ violations }) =>
        violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => [id, html])))`,
    );
    return found.map(([id, html]) => `${id}: ${html.slice(0, 200)}`);
  }

  test("what a browser loads is within the budgets", () => {
    for (const { name, bytes, budget } of portalSizes(files)) {
      expect(bytes, name).toBeLessThanOrEqual(budget);
    }
  });

  describe("no page complains, overflows or shuts anybody out, in any state and look", () => {
    test.each(pages)("/%s", async (path, wanted) => {
      const complaints: string[][] = [];
      const shownBy = new Map<PortalFront, Promise<Page>>();
      const show = async (at: PortalFront) => {
        const opened = await pageFor(at);
        complaints.push(opened.complaints);
        onTestFinished(() => at.meet(undefined));
        return opened.page;
      };
      for (const state of wanted) {
        const at = state === "empty" && !path.includes("?filter") ? unused : front;
        const shown = await getOrCreate(shownBy, at, () => show(at));
        await shown.setViewportSize({ width: 1280, height });
        await reach(shown, at, path, state);
        if (await shown.evaluate("!globalThis.axe")) await shown.evaluate(`${axe};0`);
        for (const { scheme, width, rules } of looks) {
          const words = `${path} ${state} ${scheme} ${width}`;
          await shown.emulateMedia({ colorScheme: scheme });
          await shown.setViewportSize({ width, height });
          const wide = await shown.evaluate("document.documentElement.scrollWidth");
          expect(wide, words).toBeLessThanOrEqual(width);
          if (rules?.length !== 0) expect(await findingsOf(shown, rules), words).toEqual([]);
        }
        at.meet(undefined);
      }
      expect(complaints.flat()).toEqual([]);
    });
  });

  test("a wrong key is told; a right one lets in, and no script can read the session", async () => {
    const { page, complaints } = await openBrowser();
    await page.goto(`${front.url}requests?status=error`);
    await page.waitForSelector("input[name=key]");
    await page.evaluate(axe);
    expect(await findingsOf(page, undefined)).toEqual([]);
    await logIn(page, "not-a-key-of-this-gateway");
    await page.waitForSelector("text=does not know this key");
    await logIn(page);
    await page.waitForSelector("text=MODEL_UNKNOWN");
    expect(await page.evaluate("document.cookie")).toBe("");
    await page.click("text=Log out");
    await page.waitForSelector("input[name=key]");
    expect(complaints).toEqual([]);
  });

  test("a session that ends asks for the key over the page, and what was written stays", async () => {
    const { page, complaints } = await open("chat");
    await page.fill("textarea[aria-label=Message]", "A long thought");
    front.expire();
    await page.click("text=Read again");
    await page.waitForSelector("dialog[open] input[name=key]");
    await logIn(page);
    await page.waitForSelector("dialog[open]", { state: "detached" });
    expect(await page.inputValue("textarea[aria-label=Message]")).toBe("A long thought");
    expect(complaints).toEqual([]);
  });

  test("while the gateway is away the page says so, keeps what it has, and goes on once it is back", async () => {
    const { page, complaints } = await open("requests");
    await page.waitForSelector("text=MODEL_UNKNOWN");
    await front.down();
    await page.click("text=Read again");
    await page.waitForSelector(".reach-bar");
    await page.waitForSelector(".stale");
    expect(await page.locator("text=MODEL_UNKNOWN").count()).toBeGreaterThan(0);
    await front.up();
    await page.waitForSelector(".reach-bar", { state: "detached" });
    await page.waitForSelector(".stale", { state: "detached" });
    expect(complaints.filter((text) => !text.includes("ERR_CONNECTION"))).toEqual([]);
  });

  test("a call that failed over is two bars, the first of them failed, and tells why", async () => {
    const { page } = await open("requests");
    await page.click("tr:has-text('try 2') button");
    await page.waitForSelector(".waterfall");
    expect(await page.locator(".waterfall .track .failed").count()).toBe(1);
    expect(await page.locator(".waterfall .track .body").count()).toBe(1);
    await page.click("summary:has-text('Why try 2 went to two')");
    await page.waitForSelector("details[open] .decision");
    await page.reload();
    await page.waitForSelector(".waterfall");
    await page.keyboard.press("Escape");
    await page.waitForSelector(".waterfall", { state: "detached" });
  });

  test("other weights choose another provider, and nothing is sent", async () => {
    const { page } = await open("routing?model=priced");
    const first = page.locator(".candidates > li").first();
    await page.fill("label:has-text('cost') input[type=number]", "100");
    await first.locator("text=weight 52.6 %").first().waitFor();
    expect(await first.locator("b").textContent()).toBe("one");
    const before = provider.received.length;
    await page.fill("label:has-text('Most dollars') input", "0.0000001");
    await page.waitForSelector(".problem, .excluded");
    expect(provider.received.length).toBe(before);
  });

  test("a chat streams, sends an image, and goes on once the user has run its tool", async () => {
    const { page, complaints } = await open("chat");
    await page.fill("input[list=chat-models]", "one");
    await page.click("text=A tool of yours");
    await page.fill("label:has-text('Name') input", "look_up");
    const toolCall = { id: "call_1", name: "look_up", arguments: '{"word":"seven"}' };
    provider.scripts.push({ text: "", toolCall }, { text: "It is a seven." });
    await page.setInputFiles(".composer input[type=file]", fileURLToPath(digitImage(7)));
    await page.waitForSelector(".composer img");
    await page.fill("textarea[aria-label=Message]", "What is this?");
    await page.keyboard.press("Enter");
    await page.waitForSelector("text=What does it return?");
    expect(JSON.stringify(provider.received.at(-1)?.body)).toContain("data:image/png;base64,");
    await page.fill("textarea[name=result]", "7");
    await page.click("text=Give the result");
    await page.waitForSelector("text=It is a seven.");
    await page.waitForSelector("text=its request");
    const { messages } = provider.received.at(-1)!.body as { messages: { role: string }[] };
    expect(messages.map(({ role }) => role)).toEqual(["user", "assistant", "tool"]);
    expect(complaints).toEqual([]);
  });

  test("stop ends an answer, here and at the provider, and keeps what came of it", async () => {
    const { page } = await open("chat");
    await page.fill("input[list=chat-models]", "one");
    provider.faults.push({ kind: "stall_after", frames: 3 });
    provider.scripts.push({ text: "The first half, and the second half" });
    const aborted = provider.abortedAtMs.length;
    await page.fill("textarea[aria-label=Message]", "Begin");
    await page.keyboard.press("Enter");
    await page.waitForSelector(".turn.assistant .text");
    await page.click("button:has-text('Stop')");
    await page.waitForSelector("text=Stopped");
    expect(await page.locator(".turn.assistant .text").count()).toBe(1);
    await expect.poll(() => provider.abortedAtMs.length).toBeGreaterThan(aborted);
  });

  test("boxes lie where the model found them, to within two pixels", async () => {
    const { page, complaints } = await open("predict?model=digit-detector");
    await page.setInputFiles("input[type=file]", fileURLToPath(scene));
    await page.waitForSelector(".boxes rect");
    const answer = await fetch(`${gateway.url}/api/v1/models/digit-detector:predict`, {
      method: "POST",
      headers: { authorization: `Bearer ${admin}`, "content-type": "image/png" },
      body: readFileSync(scene),
    });
    const { detections } = (await answer.json()) as {
      detections: { box: { x_min: number; y_min: number; x_max: number; y_max: number } }[];
    };
    // Where lines run on the page, in pixels of the image: their own width lies half outside.
    const drawn = await page.evaluate<{ x: number; y: number; width: number; height: number }[]>(`{
      const image = document.querySelector(".boxes img");
      const at = image.getBoundingClientRect();
      const scale = at.width / image.naturalWidth;
      [...document.querySelectorAll(".boxes rect")].map((rect) => {
        const from = rect.getScreenCTM();
        const { x, y, width, height } = rect.getBBox();
        const corner = new DOMPoint(x, y).matrixTransform(from);
        return {
          x: (corner.x - at.x) / scale,
          y: (corner.y - at.y) / scale,
          width: (width * from.a) / scale,
          height: (height * from.d) / scale,
        };
      });
    }`);
    const wanted = detections.map(({ box }) => ({
      ...{ x: box.x_min, y: box.y_min },
      ...{ width: box.x_max - box.x_min, height: box.y_max - box.y_min },
    }));
    expect(drawn.length).toBe(wanted.length);
    for (const [index, box] of wanted.entries()) {
      for (const side of ["x", "y", "width", "height"] as const) {
        const off = Math.abs((drawn[index]?.[side] ?? Number.NaN) - box[side]);
        expect(off, `${side} of box ${index}`).toBeLessThanOrEqual(2);
      }
    }
    expect(complaints).toEqual([]);
  });

  test("a key is made, shown once, and works; revoked, it does not", async () => {
    const { page, complaints } = await open("keys");
    await page.click("text=New key");
    await page.fill("dialog input[name=name]", "from-the-portal");
    await page.click("text=Make it");
    const secret = (await page.textContent(".card pre")) ?? "";
    const asked = () =>
      fetch(`${gateway.url}/stats`, { headers: { authorization: `Bearer ${secret}` } });
    expect((await asked()).status).toBe(200);
    await page.click("text=I have it");
    expect(await page.content()).not.toContain(secret);
    page.on("dialog", (dialog) => void dialog.accept());
    await page.click("[aria-label='Revoke from-the-portal']");
    await page.waitForSelector("tr:has-text('from-the-portal') .bad");
    expect((await asked()).status).toBe(401);
    expect(complaints).toEqual([]);
  });

  test("what was spent is told with what the month will come to, and whether the budget lasts", async () => {
    const usage = async () => {
      const response = await fetch(`${gateway.url}/api/v1/usage`, {
        headers: { authorization: `Bearer ${admin}` },
      });
      const { total } = (await response.json()) as { total?: { micro_usd: number } };
      return total?.micro_usd ?? 0;
    };
    const spend = async (name: string, usd: number) => {
      const made = await fetch(`${gateway.url}/api/v1/keys`, {
        method: "POST",
        headers: { authorization: `Bearer ${admin}`, "content-type": "application/json" },
        body: JSON.stringify({ name, allowance: { budget: { usd, period: "month" } } }),
      });
      const { secret } = (await made.json()) as { secret: string };
      await fetch(`${gateway.url}/api/v1/chat`, {
        method: "POST",
        headers: { authorization: `Bearer ${secret}`, "content-type": "application/json" },
        body: JSON.stringify({ message: "Hi", model_preference: "one" }),
      }).then((response) => response.text());
    };
    await spend("thrifty", 1000);
    await spend("lavish", 0.000_02);
    await expect.poll(usage, { timeout: 15_000 }).toBeGreaterThan(0);
    const { page, complaints } = await open("");
    const now = new Date();
    const [year, month] = [now.getUTCFullYear(), now.getUTCMonth()];
    const [beginMs, endMs] = [Date.UTC(year, month), Date.UTC(year, month + 1)];
    const cells = (name: string) =>
      page.locator(`section[aria-labelledby=usage] tr:has-text("${name}") td`).allTextContents();
    await page.clock.setFixedTime((beginMs + endMs) / 2);
    await page.goto(`${front.url}keys`);
    const told = [expect.anything(), "1", expect.anything(), "$0.000013", "$0.000026"];
    await expect.poll(() => cells("lavish")).toEqual([...told, "$0.000020 a month, not enough"]);
    expect(await cells("thrifty")).toEqual([...told, "$1,000.00 a month, enough"]);
    await page.waitForSelector("text=by the end of the month.");
    await page.clock.setFixedTime(beginMs + 60_000);
    await page.reload();
    await expect.poll(async () => (await cells("lavish"))[4]).toBe("–");
    expect(complaints).toEqual([]);
  });

  test("the console calls any method, shows a stream as it comes, and stops it", async () => {
    const { page, complaints } = await open("api?method=StatsService.WatchStats");
    await page.fill("textarea", '{"intervalMs": 100}');
    await page.click("button:has-text('Call')");
    await page.locator(".call pre").nth(2).waitFor();
    await page.click("button:has-text('Stop')");
    await page.waitForSelector("text=Ended after");
    await page.click("button:has-text('GetModel')");
    await page.fill("textarea", '{"model": "nothing"}');
    await page.click("button:has-text('Call')");
    await page.waitForSelector("text=Not found");
    await page.fill("textarea", "no JSON");
    await page.click("button:has-text('Call')");
    await page.waitForSelector(".problem");
    expect(complaints).toEqual([]);
  });

  test("the console streams requests: sent one by one, answered as they come, ended or cancelled", async () => {
    await using own = await startTestGateway({
      yaml: `
gateway: { host: 127.0.0.1, port: 0 }
portal: { folder: ${files} }
auth: { keys: [{ name: ops, key: ${admin}, scopes: [admin] }] }
`,
    });
    const { page, complaints } = await openBrowser();
    await page.goto(`${own.url}/portal/api?method=PredictService.StreamPredict`);
    await logIn(page);
    await page.click("button:has-text('Open the stream')");
    await page.waitForSelector("text=The stream is open");
    const file = readFileSync(fileURLToPath(digitImage(7))).toString("base64");
    const received = page.locator(".message:not(.sent) pre");
    for (const count of [1, 2]) {
      await page.fill("textarea", JSON.stringify({ model: "digits", file, topK: count }));
      await page.keyboard.press("Control+Enter");
      await received.nth(count - 1).waitFor();
      expect(await received.count(), "an answer before the next request").toBe(count);
    }
    expect(await received.first().textContent()).toContain('"7"');
    // A slip of the pen ends no stream.
    for (const [slip, told] of [
      ["no JSON", "JSON"],
      ['{"modle": "digits"}', "modle"],
    ] as const) {
      await page.fill("textarea", slip);
      await page.click("button:has-text('Send')");
      await page.waitForSelector(`.problem:has-text('${told}')`);
    }
    await page.evaluate(axe);
    for (const { scheme, width, rules } of looks.slice(0, 3)) {
      await page.emulateMedia({ colorScheme: scheme });
      await page.setViewportSize({ width, height });
      expect(await findingsOf(page, rules), `${scheme} ${width}`).toEqual([]);
    }
    await page.click("button:has-text('No more messages')");
    await page.waitForSelector("text=Ended after");
    expect(await page.locator(".problem").count()).toBe(0);

    // What the gateway refuses is told by its own reason, after what came before.
    await page.click("button:has-text('Open the stream')");
    await page.waitForSelector("text=The stream is open");
    await page.fill("textarea", '{"model": "nothing", "file": ""}');
    await page.click("button:has-text('Send')");
    await page.waitForSelector("code:has-text('REQUEST_INVALID')");

    await page.click("button:has-text('Open the stream')");
    await page.waitForSelector("text=The stream is open");
    await page.click("button:has-text('Cancel')");
    await page.waitForSelector("text=Stopped");
    await expect
      .poll(() => own.lines.some(({ code }) => code === "CANCELLED"), { timeout: 10_000 })
      .toBe(true);

    // A client stream: one answer, once all pieces were sent.
    await page.click("button:has-text('Upload')");
    await page.click("button:has-text('Open the stream')");
    await page.waitForSelector("text=The stream is open");
    for (const word of ["one ", "two"]) {
      const data = Buffer.from(word).toString("base64");
      await page.fill("textarea", JSON.stringify({ contentType: "text/plain", data }));
      await page.click("button:has-text('Send')");
    }
    await page.click("button:has-text('No more messages')");
    await page.waitForSelector(".message pre:has-text('sha256')");
    expect(complaints).toEqual([]);
  });

  test("keys of the keyboard open pages and find the filter, and are text where text is written", async () => {
    const { page } = await open("");
    await page.waitForSelector("h2:has-text('Backends')");
    await page.keyboard.press("g");
    await page.keyboard.press("d");
    await page.waitForSelector("h1:has-text('Models')");
    expect(await page.evaluate("document.activeElement.tagName")).toBe("H1");
    await page.waitForSelector("[data-filter]");
    await page.keyboard.press("/");
    await page.keyboard.type("gd");
    expect(await page.inputValue("[data-filter]")).toBe("gd");
  });

  test.each(["/", "/a/", "/a/b/"])(
    "it runs beneath %s: links, reload, and what the address says",
    async (prefix) => {
      await using below = await startPortalFront({
        files,
        gatewayUrl: gateway.url,
        keys: { [admin]: ["admin"] },
        prefix,
      });
      const { page, complaints } = await openBrowser();
      await page.goto(`${below.url}requests?status=error`);
      await logIn(page);
      await page.waitForSelector("text=MODEL_UNKNOWN");
      await page.reload();
      await page.waitForSelector("text=MODEL_UNKNOWN");
      expect(await page.inputValue("select >> nth=1")).toBe("error");
      await page.click("nav >> text=Monitoring");
      await page.waitForSelector(".plot canvas");
      expect(new URL(page.url()).pathname).toBe(`${prefix}portal/monitoring`);
      expect(complaints).toEqual([]);
    },
  );

  test("eight tabs are all live", async () => {
    const { page, context } = await open("");
    const tabs = [page, ...(await Promise.all(Array.from({ length: 7 }, () => context.newPage())))];
    onTestFinished(() => void Promise.all(tabs.slice(1).map((tab) => tab.close())));
    for (const tab of tabs.slice(1)) await tab.goto(front.url);
    for (const tab of tabs) {
      await tab.waitForSelector(".verdict");
      const before = await tab.textContent("main .row");
      await tab.bringToFront();
      await expect.poll(() => tab.textContent("main .row"), { timeout: 15_000 }).not.toBe(before);
    }
  });
});
