/** `/` and the icon: JSON for programs, a page for people, and what stands in neither. */

import { createHash } from "node:crypto";
import { beforeAll, describe, expect, test } from "vitest";
import { type RunningGateway, startTestGateway } from "../support/gateway.ts";

const browser = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8";
const home = (url: string, accept?: string) =>
  fetch(url, accept === undefined ? {} : { headers: { accept } });

/** Where the portal is built, a browser is led there instead (portal.test.ts). */
const unbuilt = "gateway: { host: 127.0.0.1, port: 0 }\nportal: { folder: nowhere }";

describe("/", () => {
  let gateway: RunningGateway;
  beforeAll(async () => {
    gateway = await startTestGateway({ yaml: unbuilt });
    return () => gateway[Symbol.asyncDispose]();
  });

  test.each([undefined, "*/*", "application/json", "application/json, text/html", "image/png"])(
    "of %s is JSON",
    async (accept) => {
      const response = await home(gateway.url, accept);
      expect(response.headers.get("content-type")).toBe("application/json");
      expect(response.headers.get("vary")).toBe("accept");
      expect(await response.json()).toMatchObject({ name: "polygate", metrics: "/metrics" });
    },
  );

  test.each([browser, "text/html", "text/*, application/json;q=0.9"])(
    "of %s is a page",
    async (accept) => {
      const response = await home(gateway.url, accept);
      expect(response.headers.get("content-type")).toBe("text/html; charset=utf-8");
      expect(response.headers.get("vary")).toContain("accept");
      expect(await response.text()).toContain("<title>Polygate ");
    },
  );

  test("the page allows its own style and icon and nothing else", async () => {
    const response = await home(gateway.url, browser);
    const [, style = ""] = /<style>(.*?)<\/style>/s.exec(await response.text()) ?? [];
    const digest = createHash("sha256").update(style).digest("base64");
    expect(response.headers.get("content-security-policy")?.split("; ")).toEqual([
      "default-src 'none'",
      `style-src 'sha256-${digest}'`,
      "img-src 'self'",
      "base-uri 'none'",
      "form-action 'none'",
      "frame-ancestors 'none'",
    ]);
    expect(response.headers.get("x-content-type-options")).toBe("nosniff");
  });

  test.each([
    ["/favicon.ico", "image/x-icon", Buffer.from([0, 0, 1, 0])],
    ["/favicon.svg", "image/svg+xml", Buffer.from("<svg")],
  ])("%s is there, for a day", async (path, type, beginning) => {
    const response = await fetch(gateway.url + path);
    expect(response.headers.get("content-type")).toBe(type);
    expect(response.headers.get("cache-control")).toBe("public, max-age=86400");
    const bytes = Buffer.from(await response.arrayBuffer());
    expect(bytes.subarray(0, 4).equals(beginning)).toBe(true);
  });
});

test("it lists what its listener serves, and links to nothing else", async () => {
  await using gateway = await startTestGateway({
    yaml: `
metrics: { path: /-/metrics }
portal: { folder: nowhere }
listeners:
  - { name: all, host: 127.0.0.1, port: 0 }
  - { name: api, host: 127.0.0.1, port: 0, serves: [rest] }
  - { name: ops, host: 127.0.0.1, port: 0, serves: [metrics] }
`,
  });
  const { all = "", api = "", ops = "" } = gateway.urls;
  expect(await (await home(api)).json()).toMatchObject({ protocols: ["rest"] });
  expect(await (await home(api)).json()).not.toHaveProperty("metrics");
  expect(await (await home(api, browser)).text()).not.toMatch(/Metrics|gRPC/);
  expect(await (await home(all)).json()).toMatchObject({ metrics: "/-/metrics" });
  expect(await (await home(all, browser)).text()).toMatch(/href="\/-\/metrics".*gRPC-Web/s);
  expect((await home(ops, browser)).status, "no REST, no page").toBe(404);
});
