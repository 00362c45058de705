/** A vendor's credential is what stands in the vendors' headers and is no key of the gateway. */

import { expect, test } from "vitest";
import { vendorCredentialOf } from "#interceptors/vendor-credential.ts";

const isGatewayKey = (credential: string) => credential.startsWith("gateway");
const isGatewayKeyLate = async (credential: string) => isGatewayKey(credential);

test.each<{
  name: string;
  headers: Record<string, string>;
  is: string[] | undefined;
}>([
  { name: "a bearer token", headers: { authorization: "Bearer sk-1" }, is: ["bearer", "sk-1"] },
  { name: "a key", headers: { "x-api-key": "sk-1" }, is: ["x-api-key", "sk-1"] },
  { name: "Google's", headers: { "x-goog-api-key": "k" }, is: ["x-goog-api-key", "k"] },
  {
    name: "the first of several",
    headers: { "x-api-key": "sk-1", authorization: "bearer sk-2" },
    is: ["bearer", "sk-2"],
  },
  { name: "basic authentication", headers: { authorization: "Basic YTpi" }, is: undefined },
  { name: "nothing", headers: {}, is: undefined },
  { name: "an empty key", headers: { "x-api-key": "" }, is: undefined },
  { name: "the gateway's key", headers: { "x-api-key": "gateway-1" }, is: undefined },
])("$name, where callers need no key", async ({ headers, is }) => {
  const found = vendorCredentialOf(new Headers(headers), false, isGatewayKey);
  expect(found).not.toBeInstanceOf(Promise);
  for (const each of [found, vendorCredentialOf(new Headers(headers), false, isGatewayKeyLate)]) {
    const own = await each;
    expect(own && [own.header, own.value]).toEqual(is);
  }
});

test("where callers need a key, only beside x-polygate-key", () => {
  const of = (headers: Record<string, string>) =>
    vendorCredentialOf(new Headers(headers), true, isGatewayKey);
  const both = { "x-api-key": "sk-1", "x-polygate-key": "gateway-1" };
  expect(of({ "x-api-key": "sk-1" })).toBeUndefined();
  expect(of(both)).toEqual({ header: "x-api-key", value: "sk-1" });
  expect(of({ ...both, "x-api-key": "gateway-2" })).toBeUndefined();
});
