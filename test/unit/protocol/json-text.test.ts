import { fromJsonString, type JsonValue } from "@bufbuild/protobuf";
import { StructSchema } from "@bufbuild/protobuf/wkt";
import fc from "fast-check";
import { expect, test } from "vitest";
import { ChatRequestSchema } from "#gen/polygate/v1/chat_pb.js";
import { messageFromJsonText } from "#protocol/json-text.ts";

type Schema = typeof StructSchema | typeof ChatRequestSchema;

/** What a reader gives for a text: a message, or the words of its refusal. */
function outcome(read: typeof messageFromJsonText, schema: Schema, text: string): unknown {
  try {
    return read(schema, text, { ignoreUnknownFields: true });
  } catch (error) {
    return error instanceof Error ? error.message : error;
  }
}

function expectSame(schema: Schema, text: string): void {
  expect(outcome(messageFromJsonText, schema, text)).toEqual(outcome(fromJsonString, schema, text));
}

/** Few names, so that many objects give one twice; some are written with escapes. */
const name = fc.constantFrom(
  '"a"',
  '"b"',
  '"\\u0061"',
  '"a\\"b"',
  '"a\\\\"',
  '":"',
  '""',
  '"__proto__"',
);
const blank = fc.constantFrom("", " ", "\n", "\t\r ");
const { json } = fc.letrec<{ json: string; object: string; list: string }>((tie) => ({
  object: fc
    .array(fc.tuple(name, blank, blank, tie("json")), { maxLength: 4 })
    .map(
      (members) =>
        `{${members.map(([key, before, after, value]) => `${key}${before}:${after}${value}`).join(",")}}`,
    ),
  list: fc.array(tie("json"), { maxLength: 3 }).map((items) => `[${items.join(" ,")}]`),
  json: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom("1", "null", "true", '"\\\\"', '"a:b"', '"{\\"a\\":1}"'),
    fc.jsonValue().map((value) => JSON.stringify(value as JsonValue)),
    tie("object"),
    tie("list"),
  ),
}));

test("a text is read, or refused, as by the library", () => {
  fc.assert(
    fc.property(json, (text) => expectSame(StructSchema, text)),
    { numRuns: 2_000 },
  );
});

test("a text that is no JSON is refused in the library's words", () => {
  fc.assert(fc.property(fc.string(), (text) => expectSame(StructSchema, text)));
});

test.each([
  ['{"message":"a","message":"b"}', "of the same name"],
  ['{"message":"a","mess\\u0061ge":"b"}', "of the same name, one of them escaped"],
  ['{"messages":[{"role":"a","role":"b"}]}', "deep within"],
  ['{"sessionId":"a","session_id":"b"}', "under both of a field's names"],
  ['{"nobody":1,"nobody":2}', "that nothing knows"],
])("%s is refused: members %s", (text) => {
  expect(outcome(messageFromJsonText, ChatRequestSchema, text)).toBeTypeOf("string");
  expectSame(ChatRequestSchema, text);
});

test("a text nested beyond all bounds is refused", () => {
  const text = `{"messages":${"[".repeat(100_000)}${"]".repeat(100_000)}}`;
  expect(outcome(messageFromJsonText, ChatRequestSchema, text)).toBeTypeOf("string");
});
