import { describe, expect, test } from "vitest";
import { chainStores } from "#identity/credential-chain.ts";
import type { CredentialStore } from "#identity/credentials.ts";

/** A store that knows one credential, and counts how often it is asked. */
function counting(known: string, isLate = false) {
  const asked: string[] = [];
  const principal = { id: known, authenticated: true, scopes: new Set<string>() };
  const store: CredentialStore = {
    find(credential) {
      asked.push(credential);
      const found = credential === known ? { principal } : undefined;
      return isLate ? Promise.resolve(found) : found;
    },
  };
  return { store, asked };
}

const token = "eyJ0.eyJ9.c2ln";

function chain() {
  const settings = counting("key-of-settings");
  const database = counting("key-of-database", true);
  const tokens = counting(token, true);
  const users = counting("YTpi", true);
  const store = chainStores({
    keys: [settings.store, database.store],
    tokens: { isToken: (text) => text.startsWith("eyJ"), store: tokens.store },
    users: users.store,
  });
  const asked = () => [settings, database, tokens, users].map((one) => one.asked.length);
  const find = async (text: string, scheme?: "basic") =>
    (await store.find(text, scheme))?.principal.id;
  return { store, find, asked };
}

describe("each credential is looked for where its form can be known", () => {
  const rows = [
    { name: "a key of the settings", text: "key-of-settings", asked: [1, 0, 0, 0] },
    { name: "a key of the database", text: "key-of-database", asked: [1, 1, 0, 0] },
    { name: "a token", text: token, asked: [0, 0, 1, 0] },
  ] as const;
  test.each(rows)("$name", async ({ text, asked }) => {
    const { find, asked: seen } = chain();
    expect(await find(text)).toBe(text);
    expect(seen()).toEqual(asked);
  });

  test("a password, and no key of the same text", async () => {
    const { find, asked } = chain();
    expect([await find("YTpi", "basic"), await find("YTpi")]).toEqual(["YTpi", undefined]);
    expect(asked()).toEqual([1, 1, 0, 1]);
  });

  test("unknown keys, and those that are wrong in one character, cost the same", async () => {
    const { find, asked } = chain();
    const seen: number[][] = [];
    for (const text of ["unknown", "key-of-settings!", "key-of-databasX", "k"]) {
      const before = asked();
      expect(await find(text)).toBeUndefined();
      seen.push(asked().map((count, at) => count - (before[at] ?? 0)));
    }
    expect(seen).toEqual(Array(4).fill([1, 1, 0, 0]));
  });

  test("a token that is none is looked for among the keys, as one that is unknown", async () => {
    const { find, asked } = chain();
    expect(await find("eyJ0.eyJ9.wrong")).toBeUndefined();
    expect(asked()).toEqual([1, 1, 1, 0]);
  });

  test("no promise is made where the answer is at hand", () => {
    const { store } = chain();
    expect(store.find("key-of-settings")).toMatchObject({ principal: { id: "key-of-settings" } });
  });

  test("what is too long is not looked for at all", async () => {
    const { find, asked } = chain();
    expect(await find(`eyJ${"a".repeat(8192)}`)).toBeUndefined();
    expect(asked()).toEqual([0, 0, 0, 0]);
  });

  test("a password where there are no users is unknown", async () => {
    expect(await chainStores({ keys: [] }).find("YTpi", "basic")).toBeUndefined();
  });
});
