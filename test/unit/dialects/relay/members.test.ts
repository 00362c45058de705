/** Values of members are replaced in the bytes of an object; all else stays as it came. */

import fc from "fast-check";
import { expect, test } from "vitest";
import { membersOf, withMembers } from "#dialects/relay/members.ts";

const named = (text: string, edits: Parameters<typeof withMembers>[1]) =>
  withMembers(Buffer.from(text), edits).toString();

test("a value is replaced where it stands, and no other byte changes", () => {
  const text = '{ "a" : [1.0, {"model":"inner"}],\n\t"model" :  "old" , "z":1e400}';
  expect(named(text, { model: () => '"new"' })).toBe(text.replace('"old"', '"new"'));
});

test("a name that is given twice, or in escapes, is replaced each time: readers differ in which they take", () => {
  expect(named('{"model":"a","mod\\u0065l":"b","model":null}', { model: () => '"c"' })).toBe(
    '{"model":"c","mod\\u0065l":"c","model":"c"}',
  );
});

test("a member that is absent is put first, into an empty object too", () => {
  expect(named('{"a":1}', { b: () => "2" })).toBe('{"b":2,"a":1}');
  expect(named(" { } ", { b: () => "2" })).toBe(' {"b":2 } ');
  expect(named('{"a":1,"b":3}', { b: () => "2", c: () => "4" })).toBe('{"c":4,"a":1,"b":2}');
});

test("without a change the same bytes come back", () => {
  const bytes = Buffer.from('{"model":"same"}');
  expect(withMembers(bytes, { model: () => undefined, other: () => undefined })).toBe(bytes);
});

test("names of an object's prototype are members like others", () => {
  expect(named('{"constructor":1,"__proto__":{}}', { model: () => undefined })).toBe(
    '{"constructor":1,"__proto__":{}}',
  );
});

test("members are those that JSON.parse finds, of any object in any spacing", () => {
  fc.assert(
    fc.property(
      fc.dictionary(fc.string({ unit: "binary" }), fc.jsonValue()),
      fc.constantFrom(0, 1, "\t", "\r\n"),
      (object, space) => {
        const text = JSON.stringify(object, null, space);
        const bytes = Buffer.from(text);
        const found = [...membersOf(bytes)].map(({ name, start, end }) => [
          name,
          JSON.parse(bytes.toString("utf8", start, end)),
        ]);
        expect(found).toEqual(Object.entries(JSON.parse(text)));
      },
    ),
  );
});
