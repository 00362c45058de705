/** Objects and lists of providers: their ids are replaced, and what is none of them is told so. */

import { expect, test } from "vitest";
import { RelayIds } from "#services/relay-ids.ts";
import { listOf, listPageFrom, sealedObject } from "#services/relay-objects.ts";

const place = { owner: "a", provider: "p", kind: "batch" } as const;

test("of an object's bytes the ids alone change, each time that they stand there", () => {
  const ids = new RelayIds();
  const text =
    '{ "id":"b1","n": 1.00, "id" : "b2", "input_file_id":"f1","output_file_id":null,"error_file_id":"","deep":{"id":"x"} }';
  const sealed = sealedObject(Buffer.from(text), place, ids).toString();
  const of = (kind: "batch" | "file", id: string) => ids.seal("a", { provider: "p", kind, id });
  expect(sealed).toBe(
    text
      .replace('"b1"', `"${of("batch", "b1")}"`)
      .replace('"b2"', `"${of("batch", "b2")}"`)
      .replace('"f1"', `"${of("file", "f1")}"`),
  );
});

test.each(["", "[]", "{", "{}", '{"id":1}', '{"id":""}', `{"id":"${"x".repeat(257)}"}`])(
  "%s is no object",
  (text) => {
    expect(() => sealedObject(Buffer.from(text), place, new RelayIds())).toThrow(/provider/);
  },
);

test.each(["", "{}", '{"data":{}}', "[1]"])("%s is no list", (text) => {
  expect(() => listPageFrom(Buffer.from(text), place, new RelayIds())).toThrow(/provider/);
});

test("a page shows what is one's own, and its last object whosever that is", () => {
  const ids = new RelayIds();
  const own = ids.seal("a", { ...place, id: "b1" });
  ids.seal("b", { ...place, id: "b2" });
  const data = [{ id: "b2" }, { id: "b1", input_file_id: "f", n: 1 }, 7, null, {}, { id: "b3" }];
  const page = listPageFrom(Buffer.from(JSON.stringify({ data, has_more: true })), place, ids);
  const input = ids.seal("a", { provider: "p", kind: "file", id: "f" });
  expect(page).toEqual({
    own: [{ id: own, input_file_id: input, n: 1 }],
    last: "b3",
    hasMore: true,
  });
  expect(JSON.parse(listOf([], false).toString())).toEqual({
    object: "list",
    data: [],
    first_id: null,
    last_id: null,
    has_more: false,
  });
});
