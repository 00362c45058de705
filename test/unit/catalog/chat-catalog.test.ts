/** What a catalog remembers of the names that clients use. */

import { expect, test } from "vitest";
import type { ChatBackend } from "#backends/backend.ts";
import { ChatCatalog, type ChatTarget } from "#catalog/chat-catalog.ts";
import type { Price } from "#chat/price.ts";
import { systemRng } from "#core/rng.ts";
import type { Pool } from "#pool/pool.ts";
import { defaultWeights } from "#routing/strategies/scored.ts";

test("the choice for a model that a client names is made once, and no more than a thousand are kept", () => {
  const made: string[] = [];
  // Prices are looked at when a choice is made, and at no other time.
  const prices = new Proxy<Record<string, Price>>(
    {},
    {
      getOwnPropertyDescriptor(_target, model) {
        made.push(String(model));
        return undefined;
      },
    },
  );
  const catalog = new ChatCatalog({
    cores: {} as ChatTarget,
    providers: [{ name: "p", pool: {} as Pool<ChatBackend>, prices, listed: () => [] }],
    routes: new Map(),
    wishes: { weights: defaultWeights } as never,
    terms: {} as never,
    rng: systemRng,
  });
  const name = (model: string) => void catalog.resolve(`p/${model}`, {} as never);
  name("first");
  name("first");
  for (let index = 1; index < 1_000; index += 1) name(`m${index}`);
  name("first");
  expect(made.length).toBe(1_000);
  name("one more");
  name("first");
  expect(made.slice(1_000)).toEqual(["one more", "first"]);
});

test("a model costs what the configuration says, else what was published, else no one knows", () => {
  const price = (input: number) => ({ input, output: input });
  const catalog = new ChatCatalog({
    cores: {} as ChatTarget,
    providers: [
      {
        name: "p",
        pool: {} as Pool<ChatBackend>,
        prices: { a: price(1) },
        publishedPrices: { a: price(2), b: price(3) },
        listed: () => [],
      },
    ],
    routes: new Map(),
    wishes: { weights: defaultWeights } as never,
    terms: {} as never,
    rng: systemRng,
  });
  expect(catalog.priceOf("p", "a")).toEqual(price(1));
  expect(catalog.priceOf("p", "b")).toEqual(price(3));
  expect(catalog.priceOf("p", "toString")).toBeUndefined();
  expect(catalog.priceOf("q", "a")).toBeUndefined();
  // A list of prices is no list of what may be called.
  expect(catalog.knows("p", "b")).toBe(false);
});

test("a name is a provider's, a provider's and a model's, or that of a model which some list or price", () => {
  const pool = { snapshot: () => [], causeOfSickness() {} } as unknown as Pool<ChatBackend>;
  const listing = (...ids: string[]) => ids.map((id) => ({ id, capabilities: [] }) as never);
  const price = { input: 1, output: 1 };
  const catalog = new ChatCatalog({
    cores: { kind: "embedded" } as ChatTarget,
    providers: [
      { name: "p", pool, prices: {}, defaultModel: "own", listed: () => listing("m", "n") },
      { name: "q", aliases: ["second"], pool, prices: { m: price }, listed: () => listing("o") },
      { name: "r", pool, prices: {}, listed: () => listing("other", "n") },
    ],
    routes: new Map(),
    wishes: { weights: defaultWeights } as never,
    terms: {} as never,
    rng: systemRng,
  });
  /** The models of providers that a name means. */
  const meant = (name: string) => {
    const pairs: string[] = [];
    const allows = (model: string, full = model) => full !== model && pairs.push(full) > 0;
    catalog.resolve(name, { allows } as never);
    return pairs;
  };
  expect(meant("p")).toEqual(["p/own"]);
  expect(meant("second")).toEqual(["q/o"]);
  expect(meant("p/whatever/it/is")).toEqual(["p/whatever/it/is"]);
  expect(meant("m")).toEqual(["p/m", "q/m"]);
  expect(meant("n")).toEqual(["p/n", "r/n"]);
  // No letter less, and nothing that every object has.
  for (const name of ["px", "p1/m", "toString", "mm"]) {
    expect(() => catalog.resolve(name, {} as never)).toThrow(`there is no model named "${name}"`);
  }
});
