/** The portal's sessions in a real browser, behind a proxy that has a prefix: what scripts see, and what other pages can do. */

import { once } from "node:events";
import { request as ask, createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Browser, Page } from "playwright-core";
import { beforeAll, expect, test, vi } from "vitest";
import { launchChromium, noChromium } from "../support/chromium.ts";
import { type RunningGateway, startTestGateway } from "../support/gateway.ts";
import { describeWith } from "../support/needs.ts";
import { portalFiles } from "../support/portal-files.ts";

const key = "an-admin-key-of-24-characters";

/** Passes on what is beneath `prefix`, which it takes off, as most proxies are told to; the host stays. All else is a page of its own. */
async function proxyWith(
  prefix: string,
  target: string,
): Promise<{ server: Server; port: number }> {
  const server = createServer((request, response) => {
    if (!request.url?.startsWith(`${prefix}/`)) {
      response.writeHead(200, { "content-type": "text/html" }).end("<!doctype html>");
      return;
    }
    const { method, headers } = request;
    const onward = ask(target + request.url.slice(prefix.length), { method, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    request.pipe(onward);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return { server, port: (server.address() as AddressInfo).port };
}

/** What a page's script gets for a request beneath the portal: its status. */
function statusOf(page: Page, path: string, init: object): Promise<number | string> {
  return page.evaluate(
    async ([url, options]) => {
      const headers = { "content-type": "application/json", "x-polygate-portal": "1" };
      try {
        const answer = await fetch(url, { method: "POST", headers, body: "{}", ...options });
        return answer.status;
      } catch (thrown) {
        return (thrown as Error).name;
      }
    },
    [path, init] as const,
  );
}

const config = "rpc/polygate.v1.ConfigService/GetConfig";

describeWith(noChromium)("a session in a browser", { timeout: 60_000 }, () => {
  let browser: Browser;
  let gateway: RunningGateway;
  let proxy: Awaited<ReturnType<typeof proxyWith>>;
  let other: Awaited<ReturnType<typeof proxyWith>>;
  beforeAll(async () => {
    const stack = new AsyncDisposableStack();
    const folder = stack.use(await portalFiles());
    gateway = stack.use(
      await startTestGateway({
        yaml: `
gateway: { host: 127.0.0.1, port: 0 }
portal: { folder: ${folder.built} }
auth: { keys: [{ name: boss, key: ${key}, scopes: [admin] }] }
`,
      }),
    );
    proxy = await proxyWith("/gw/ai", gateway.url);
    other = await proxyWith("/elsewhere", gateway.url);
    for (const { server } of [proxy, other]) {
      stack.defer(() => {
        server.close();
        server.closeAllConnections();
      });
    }
    browser = await launchChromium();
    stack.defer(() => browser.close());
    return () => stack.disposeAsync();
  });

  test("is the browser's alone: no script reads it, no other port uses it, and it ends", async () => {
    const context = await browser.newContext();
    const page = await context.newPage();
    const problems: string[] = [];
    page.on("console", (message) => {
      if (/Content Security Policy|Trusted/.test(message.text())) problems.push(message.text());
    });
    const at = `http://localhost:${proxy.port}/gw/ai`;
    await page.goto(`${at}/monitoring`);
    expect(page.url()).toBe(`${at}/portal/monitoring`);
    // A deep link knows where the portal is, and its files come with it.
    await page.goto(`${at}/portal/models/digits`);
    expect(await page.evaluate("document.baseURI")).toBe(`${at}/portal/`);
    expect(await page.evaluate("document.documentElement.dataset.theme")).toBe("dark");
    expect(await statusOf(page, config, {})).toBe(401);
    expect(await statusOf(page, "session", { body: JSON.stringify({ key }) })).toBe(200);
    expect(await statusOf(page, config, {})).toBe(200);
    expect(await page.evaluate("document.cookie")).toBe("");
    const [cookie] = await context.cookies();
    expect(cookie).toMatchObject({
      ...{ name: "pg_session", path: "/gw/ai/portal", httpOnly: true, sameSite: "Strict" },
    });

    // Another port of the same host, and another site: the first is sent the cookie by the browser.
    for (const host of ["localhost", "127.0.0.1"]) {
      const enemy = await context.newPage();
      await enemy.goto(`http://${host}:${other.port}/nothing`);
      const url = `${at}/portal/${config}`;
      const plain = { mode: "no-cors", headers: { "content-type": "text/plain" } };
      expect(
        await statusOf(enemy, url, { credentials: "include" }),
        "asked about, and refused",
      ).toBe("TypeError");
      const refusals = () =>
        gateway.lines.filter(
          ({ status, endpoint }) => status === 403 && endpoint === "/portal/rpc",
        );
      const before = refusals().length;
      expect(await statusOf(enemy, url, { ...plain, credentials: "include" }), "unread").toBe(0);
      await vi.waitFor(() => expect(refusals().length).toBe(before + 1), 15_000);
      await enemy.close();
    }

    expect(await statusOf(page, "session", { method: "DELETE", body: undefined })).toBe(204);
    expect(await statusOf(page, config, {})).toBe(401);
    expect(await context.cookies()).toEqual([]);
    expect(problems).toEqual([]);
    await context.close();
  });
});
