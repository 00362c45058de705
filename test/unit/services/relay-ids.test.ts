/** Ids of files and batches are good for their owner alone, and to the letter. */

import { expect, test } from "vitest";
import { RelayIds } from "#services/relay-ids.ts";

const secret = "a-secret-of-at-least-32-characters";
const placed = { kind: "file", provider: "openai", id: "file-abc é\n/.." } as const;

test("an id names what it was made of, to its owner and to nobody else", () => {
  const ids = new RelayIds(secret);
  const id = ids.seal("key:alice", placed);
  expect(id).toMatch(/^file-pg_[\w-]+$/);
  expect(ids.open("key:alice", "file", id)).toEqual(placed);
  expect(ids.open("key:bob", "file", id)).toBeUndefined();
  expect(ids.open("key:alice", "batch", id)).toBeUndefined();
});

test("every other text is none: each character changed, each length cut, each kind", () => {
  const ids = new RelayIds(secret);
  const id = ids.seal("key:alice", placed);
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_=.";
  for (let at = 0; at < id.length; at += 1) {
    expect(ids.open("key:alice", "file", id.slice(0, at))).toBeUndefined();
    for (const other of alphabet) {
      if (other === id[at]) continue;
      const changed = id.slice(0, at) + other + id.slice(at + 1);
      expect(ids.open("key:alice", "file", changed), changed).toBeUndefined();
    }
  }
  expect(ids.open("key:alice", "file", `${id}A`)).toBeUndefined();
  const asBatch = id.replace("file-pg_", "batch_pg_");
  expect(ids.open("key:alice", "batch", asBatch)).toBeUndefined();
});

test("what is written differently is told apart: no two owners and places make one tag", () => {
  const ids = new RelayIds(secret);
  const id = ids.seal('a","file', { kind: "file", provider: "b", id: "c" });
  expect(ids.open("a", "file", id)).toBeUndefined();
});

test("the same secret reads ids of another process, and no secret those of none", () => {
  const id = new RelayIds(secret).seal("a", placed);
  expect(new RelayIds(secret).open("a", "file", id)).toEqual(placed);
  expect(new RelayIds(`${secret}2`).open("a", "file", id)).toBeUndefined();
  expect(new RelayIds().open("a", "file", new RelayIds().seal("a", placed))).toBeUndefined();
});

test("10,000 owners are remembered: the first is forgotten by lists, its id is good on", () => {
  const ids = new RelayIds(secret);
  const at = (number: number) => ({ ...placed, id: `file-${number}` });
  const first = ids.seal("a", at(0));
  for (let number = 1; number < 10_000; number += 1) ids.seal("a", at(number));
  expect(ids.isOwn("a", at(0))).toBe(true);
  ids.seal("a", at(1));
  ids.seal("a", at(10_000));
  const known = Array.from({ length: 10_001 }, (_, number) => ids.isOwn("a", at(number)));
  expect(known.filter(Boolean)).toHaveLength(10_000);
  expect(ids.open("a", "file", first)).toEqual(at(0));
  expect(ids.isOwn("b", at(5000))).toBe(false);
});
