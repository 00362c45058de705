import { describe, expect, test } from "vitest";
import { reasonOf } from "#errors/fault.ts";
import {
  hashPassword,
  isPasswordOf,
  type PasswordHash,
  parsePasswordHash,
} from "#identity/password-hash.ts";
import { userStore } from "#identity/user-store.ts";

const cheap = "$scrypt$ln=10,r=1,p=1$c2FsdHNhbHRzYWx0c2FsdA$";
/** Hashes of RFC 7914's kind would take long in so many tests: the smallest there is. */
const smallest = `${cheap}AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA`;
const sent = (name: string, password: string) =>
  Buffer.from(`${name}:${password}`).toString("base64");

/** A store whose hashing is a double: `right` is every user's password. */
function store(names = ["ann", "bob"]) {
  const hashed: PasswordHash[] = [];
  const users = names.map((name) => ({ name, passwordScrypt: smallest, scopes: ["route"] }));
  const find = userStore(users, async (password, hash) => {
    hashed.push(hash);
    return password === "right" && hash.hash.every((byte) => byte === 0);
  }).find;
  return { find: async (credential: string) => await find(credential, "basic"), hashed };
}

describe("a user", () => {
  test("with the right password is known, for a short while", async () => {
    expect(await store().find(sent("ann", "right"))).toEqual({
      principal: { id: "user:ann", authenticated: true, scopes: new Set(["route"]) },
      validMs: 60_000,
    });
  });

  test("a wrong password and an unknown name cost one hash each, with the same parameters", async () => {
    const { find, hashed } = store();
    for (const pair of [
      sent("ann", "wrong"),
      sent("nobody", "wrong"),
      sent("nobody", "right"),
      sent("", ""),
    ]) {
      expect(await find(pair)).toBeUndefined();
    }
    const costs = hashed.map(({ costBits, blockSize, parallel, hash }) => [
      ...[costBits, blockSize, parallel],
      hash.length,
    ]);
    expect(costs).toEqual(Array(4).fill([10, 1, 1, 32]));
  });

  test("a password may hold colons and any letters", async () => {
    const password = "a:b:ü€";
    const passwordScrypt = await hashPassword(password);
    const { find } = userStore([{ name: "ann", passwordScrypt, scopes: [] }]);
    expect(await find(sent("ann", password))).toBeDefined();
    expect(await find(sent("ann", "a"))).toBeUndefined();
  });

  test.each(["", "YQ==", "!", "a".repeat(1025)])(
    "%j is no pair, and is not hashed",
    async (text) => {
      const { find, hashed } = store();
      expect(await find(text)).toBeUndefined();
      expect(hashed).toEqual([]);
    },
  );
});

describe("many passwords", () => {
  test("that are the same share one hash", async () => {
    const { find, hashed } = store();
    const all = await Promise.all(Array.from({ length: 100 }, () => find(sent("ann", "right"))));
    expect(new Set(all.map((found) => found?.principal.id))).toEqual(new Set(["user:ann"]));
    expect(hashed).toHaveLength(1);
    await find(sent("ann", "right"));
    expect(hashed).toHaveLength(2);
  });

  test("are hashed two at a time; so many wait, and further ones are told that it is too much", async () => {
    let running = 0;
    let most = 0;
    const gate = Promise.withResolvers<void>();
    const users = [{ name: "ann", passwordScrypt: smallest, scopes: [] }];
    const { find } = userStore(users, async () => {
      running += 1;
      most = Math.max(most, running);
      await gate.promise;
      running -= 1;
      return false;
    });
    const work = Array.from({ length: 70 }, async (_, at) => {
      try {
        return await find(sent("ann", String(at)));
      } catch (thrown) {
        return reasonOf(thrown as never);
      }
    });
    gate.resolve();
    const outcomes = await Promise.all(work);
    expect(most).toBe(2);
    expect(outcomes.filter((one) => one === "OVERLOADED")).toHaveLength(4);
    expect(outcomes.filter((one) => one === undefined)).toHaveLength(66);
    expect(await find(sent("ann", "later"))).toBeUndefined();
  });
});

describe("a hash as text", () => {
  test("is what scrypt of the password gives", async () => {
    const text = await hashPassword("secret");
    expect(text).toMatch(/^\$scrypt\$ln=15,r=8,p=1\$[\w+/]{22}\$[\w+/]{43}$/);
    const hash = parsePasswordHash(text);
    if (hash === undefined) throw new Error("cannot be read");
    expect([await isPasswordOf("secret", hash), await isPasswordOf("Secret", hash)]).toEqual([
      true,
      false,
    ]);
    expect(await hashPassword("secret")).not.toBe(text);
  });

  test.each([
    "",
    "secret",
    smallest.replace("ln=10", "ln=9"),
    smallest.replace("ln=10", "ln=21"),
    smallest.replace("ln=10,r=1", "ln=20,r=8"),
    smallest.replace("p=1", "p=5"),
    smallest.replace("r=1", "r=0"),
    `${cheap}AAAA`,
    `${smallest}$`,
  ])("%j is none", (text) => {
    expect(parsePasswordHash(text)).toBeUndefined();
  });
});
