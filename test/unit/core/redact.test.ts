/** What looks like a credential is taken out, and nothing else is. */

import { describe, expect, test } from "vitest";
import { withoutCredentials, withoutSecrets } from "#core/redact.ts";

const long = "0123456789abcdefABCDEF";

describe("is taken out:", () => {
  test.each([
    ["the shortest there is", "token=abcdef", "token=[redacted]"],
    ["a key by its vendor's prefix", `key sk-${long} end`, "key [redacted] end"],
    ["a key whose prefix ends with a line below", `gsk_${long}`, "[redacted]"],
    ["a key of Google's", `AIzaSy${long}`, "[redacted]"],
    ["an access key of AWS", "AKIAIOSFODNN7EXAMPLE", "[redacted]"],
    ["a token of a forge", `ghp_${long}`, "[redacted]"],
    ["a JSON web token, its signature too", "eyJhbGciOiJI.eyJzdWIiOiIx.c2lnbmF0dXJl", "[redacted]"],
    [
      "what follows a scheme, in any case",
      "AUTHORIZE: BEARER abcdefgh",
      "AUTHORIZE: BEARER [redacted]",
    ],
    ["what is assigned to a name of secrets", 'api_key = "abcdef"', 'api_key = "[redacted]"'],
    [
      "what a JSON member of such a name holds",
      '{"password":"abcdef"}',
      '{"password":"[redacted]"}',
    ],
    [
      "a private key from its first line to its last",
      "-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----.",
      "[redacted].",
    ],
    [
      "the password in an address",
      "no way to postgres://user:hunter2@db:5432/x",
      "no way to postgres://user:[redacted]@db:5432/x",
    ],
    [
      "a key in a query",
      "GET /v1beta/models?key=abcdef&alt=sse",
      "GET /v1beta/models?key=[redacted]&alt=sse",
    ],
    ["a private key that is cut off", "-----BEGIN PRIVATE KEY-----\nMIIE", "[redacted]"],
  ])("%s", (_name, text, clean) => {
    expect(withoutCredentials(text)).toBe(clean);
  });

  test("each of several", () => {
    expect(withoutCredentials(`sk-${long}, pk-${long}; token=abcdef&secret=ghijkl`)).toBe(
      "[redacted], [redacted]; token=[redacted]&secret=[redacted]",
    );
  });
});

test.each([
  "a task-0123456789abcdef of many",
  "sk-short",
  "bearer of bad news",
  "http://localhost:8080/a@b",
  "?keys=abcdef",
  "the secret: tea",
  "eyJust a word",
])("%j stays as it is", (text) => {
  expect(withoutCredentials(text)).toBe(text);
});

describe("known secrets", () => {
  const taken = (text: string, secrets: readonly string[]) =>
    Buffer.from(withoutSecrets(Buffer.from(text), secrets)).toString();

  test("are taken out wherever they stand, and other bytes stay", () => {
    expect(
      taken("été: a-secret.of$1 mine, a-secret.of$1; é", ["a-secret.of$1", "another-one"]),
    ).toBe("été: [redacted] mine, [redacted]; é");
  });

  test("short ones stand in many a text by chance", () => {
    expect(taken("an EMPTY list", ["EMPTY", ""])).toBe("an EMPTY list");
  });

  test("a text without one is the same bytes, not a copy", () => {
    const bytes = Buffer.from("nothing here");
    expect(withoutSecrets(bytes, ["a-secret-of-mine"])).toBe(bytes);
  });
});
