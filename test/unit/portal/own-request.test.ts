/** Which requests are the portal's own: a table of what browsers send. */

import { expect, test } from "vitest";
import { requireOwnRequest, requireOwnSocket, sessionText } from "#portal/own-request.ts";

const own = { "x-polygate-portal": "1" };
const host = "gateway.example:8080";

test.each<[what: string, method: string, headers: Record<string, string>, isOwn: boolean]>([
  ["its page, over TLS or loopback", "POST", { ...own, "sec-fetch-site": "same-origin" }, true],
  [
    "its page, behind a proxy that changes hosts",
    "POST",
    { ...own, "sec-fetch-site": "same-origin", origin: "https://ai.example" },
    true,
  ],
  [
    "its page, by a name without TLS",
    "POST",
    { ...own, origin: "http://gateway.example:8080" },
    true,
  ],
  ["the same in capitals", "POST", { ...own, origin: "http://GATEWAY.example:8080" }, true],
  ["its page reading, without TLS", "GET", own, true],
  [
    "another port of its host",
    "POST",
    { ...own, "sec-fetch-site": "same-site", origin: "http://gateway.example:8080" },
    false,
  ],
  ["another site", "GET", { ...own, "sec-fetch-site": "cross-site" }, false],
  ["an address that somebody typed", "GET", { ...own, "sec-fetch-site": "none" }, false],
  ["another port, without TLS", "POST", { ...own, origin: "http://gateway.example" }, false],
  ["another site reading, without TLS", "GET", { ...own, origin: "http://evil.example" }, false],
  ["a page in a sandbox", "POST", { ...own, origin: "null" }, false],
  ["an origin that is none", "POST", { ...own, origin: "gateway.example:8080" }, false],
  ["who names no origin", "POST", own, false],
  ["who names no origin, and deletes", "DELETE", own, false],
  ["a form of its own page", "POST", { "sec-fetch-site": "same-origin" }, false],
])("%s", (_what, method, headers, isOwn) => {
  const look = () =>
    requireOwnRequest(
      { method, header: (name) => (headers as Record<string, string>)[name] },
      host,
    );
  if (isOwn) expect(look).not.toThrow();
  else expect(look).toThrow(/only the portal's own pages/);
});

test.each<[what: string, headers: Record<string, string>, isOwn: boolean]>([
  ["its page", { origin: "http://gateway.example:8080" }, true],
  ["its page, where the browser tells more", { "sec-fetch-site": "same-origin" }, true],
  ["another port of its host", { origin: "http://gateway.example:9090" }, false],
  ["another site", { origin: "http://evil.example:8080" }, false],
  ["a page in a sandbox", { origin: "null" }, false],
  ["who names no origin", {}, false],
  [
    "another site that the browser tells of",
    { "sec-fetch-site": "cross-site", origin: "http://gateway.example:8080" },
    false,
  ],
])("a WebSocket of %s", (_what, headers, isOwn) => {
  const look = () => requireOwnSocket({ header: (name) => headers[name] }, host);
  if (isOwn) expect(look).not.toThrow();
  else expect(look).toThrow(/only the portal's own pages/);
});

test.each([
  [undefined, undefined],
  ["", undefined],
  ["a=b", undefined],
  ["pg_session=abc", "abc"],
  ["a=b; pg_session=abc; c=d", "abc"],
  ["xpg_session=abc", undefined],
  ["pg_session", undefined],
  ["pg_session=a=b", "a=b"],
])("of the cookies %j the session's is %j", (cookies, text) => {
  expect(sessionText(cookies, false)).toBe(text);
});

test("over HTTPS the cookie has a name that browsers take from HTTPS alone, and no other counts", () => {
  expect(sessionText("pg_session=abc", true)).toBeUndefined();
  expect(sessionText("__Secure-pg_session=abc", true)).toBe("abc");
  expect(sessionText("__Secure-pg_session=abc", false)).toBeUndefined();
});
