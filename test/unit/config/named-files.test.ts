/** Which files a configuration names: they are watched, and read anew when they change. */

import { expect, test } from "vitest";
import { namedFiles } from "#config/named-files.ts";
import { emptyDraft } from "#yaml/draft.ts";

function namedIn(root: unknown, env: Readonly<Record<string, string>> = {}) {
  return namedFiles({ ...emptyDraft(), root }, { folder: "/etc/gateway", env });
}

test("all settings whose keys end in _file name one, wherever they stand, in the file's folder or their own", () => {
  const root = {
    redis: { ca_file: "ca.pem", url: "redis://a", password: null },
    cores: [{ tls: { cert_file: "/run/tls.crt" } }],
    file: "no.pem",
  };
  expect(namedIn(root)).toEqual([
    { path: "/etc/gateway/ca.pem", isListeners: false },
    { path: "/run/tls.crt", isListeners: false },
  ]);
});

test("a listener's own are told apart, which are those of the list at the top alone", () => {
  const root = {
    listeners: [{ tls: { key_file: "a.key" } }],
    other: { listeners: [{ key_file: "b.key" }] },
    ca_file: "c.pem",
  };
  expect(namedIn(root)).toEqual([
    { path: "/etc/gateway/a.key", isListeners: true },
    { path: "/etc/gateway/b.key", isListeners: false },
    { path: "/etc/gateway/c.pem", isListeners: false },
  ]);
});

test("what is no text names none, and a file that is no mapping has none", () => {
  expect(namedIn({ key_file: 7, ca_file: null, cert_file: ["a.pem"] })).toEqual([]);
  for (const root of [null, undefined, "a_file", []]) expect(namedIn(root)).toEqual([]);
});

test("the account that Google's tools read is one, unless its variable is empty", () => {
  const name = "GOOGLE_APPLICATION_CREDENTIALS";
  expect(namedIn({}, { [name]: "account.json" })).toEqual([
    { path: "/etc/gateway/account.json", isListeners: false },
  ]);
  expect(namedIn({}, { [name]: "" })).toEqual([]);
});
