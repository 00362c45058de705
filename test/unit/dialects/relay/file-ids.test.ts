/** Texts that are ids of files are replaced in JSON, and no other byte. */

import { expect, test } from "vitest";
import { withFileIds } from "#dialects/relay/file-ids.ts";

const own = { ownFileId: (id: string) => (id === "file-pg_mine" ? 'raw "é"' : id) };

test("only whole texts that are one's own ids change, in text and in bytes, whatever stands around them", () => {
  const json =
    '{"é":"file-pg_mine","a":["file-pg_mine","file-pg_other","see file-pg_mine"],"n":1.0}';
  const wanted = json.replaceAll('"file-pg_mine"', JSON.stringify('raw "é"'));
  expect(withFileIds(json, own)).toBe(wanted);
  expect(withFileIds(Buffer.from(json), own).toString()).toBe(wanted);
  const bytes = Buffer.from([0xff, 0xc3, 0x22, 0xe9]);
  const around = Buffer.concat([bytes, Buffer.from('"file-pg_mine"'), bytes]);
  const after = withFileIds(around, own);
  expect(after.subarray(0, 4).equals(bytes) && after.subarray(-4).equals(bytes)).toBe(true);
});

test("a body without ids is the same object", () => {
  const body = Buffer.from('{"file_id":"file-abc"}');
  expect(withFileIds(body, own)).toBe(body);
  expect(withFileIds(body, {})).toBe(body);
});
