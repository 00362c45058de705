/** What looks like a credential is nowhere kept or shown; what does not stays as it is. */

import { expect, test } from "vitest";
import { redacted, withoutCredentials } from "#core/redact.ts";

test.each([
  ["the shortest there is", "token=abcdef", `token=${redacted}`],
  ["a key of a model vendor", "with sk-proj-0123456789abcdef in it", `with ${redacted} in it`],
  ["a key of Google's", "AIzaSyA0123456789abcdefghijk", redacted],
  ["a key of a cloud", "AKIA0123456789ABCDEF", redacted],
  ["a token of a forge", "ghp_0123456789abcdef", redacted],
  ["a JSON web token", "eyJhbGciOiJI.eyJzdWIiOiIx.c2lnbmF0", redacted],
  ["a bearer", "Bearer abcdefgh", `Bearer ${redacted}`],
  ["a password in JSON", '{"password": "hunter22"}', `{"password": "${redacted}"}`],
  ["a key in a query", "?api_key=abcdefgh&q=1", `?api_key=${redacted}&q=1`],
])("%s", (_, text, clean) => {
  expect(withoutCredentials(text)).toBe(clean);
  // Wherever it stands.
  expect(withoutCredentials(`before ${text} after`)).toContain(redacted);
});

test.each(["", "a word", "the token is gone", "sk-short"])("%j stays", (text) => {
  expect(withoutCredentials(text)).toBe(text);
});
