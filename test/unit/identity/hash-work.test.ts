/** Unknown keys, wrong ones and right ones cost the same hashes and comparisons: counted at the library that does them. */

import { expect, test, vi } from "vitest";

const work = vi.hoisted(() => ({ hashes: 0, comparisons: 0 }));
vi.mock("node:crypto", async (original) => {
  const crypto = await original<typeof import("node:crypto")>();
  return {
    ...crypto,
    createHash(...args: Parameters<typeof crypto.createHash>) {
      work.hashes += 1;
      return crypto.createHash(...args);
    },
    timingSafeEqual(...args: Parameters<typeof crypto.timingSafeEqual>) {
      work.comparisons += 1;
      return crypto.timingSafeEqual(...args);
    },
  };
});

const { createHash } = await import("node:crypto");
const { chainStores } = await import("#identity/credential-chain.ts");
const { digestStore } = await import("#identity/credentials.ts");

const keys = ["first", "second", "third"].map((name) => ({
  name,
  sha256: createHash("sha256").update(`key-of-${name}`).digest("hex"),
  scopes: [],
}));

test("each is hashed once and compared with all, wherever it stands or differs", async () => {
  const store = chainStores({ keys: [digestStore(keys)] });
  const sent = ["key-of-first", "key-of-third", "key-of-thirX", "Xey-of-third", "unknown", "k"];
  const costs = [];
  for (const credential of sent) {
    Object.assign(work, { hashes: 0, comparisons: 0 });
    const found = await store.find(credential);
    costs.push([found?.principal.id, work.hashes, work.comparisons]);
  }
  expect(costs).toEqual([["first", 1, 3], ["third", 1, 3], ...Array(4).fill([undefined, 1, 3])]);
});
