/** The mask that a PATCH leaves to its body. */

import { create, type DescField, type Message } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { fillMask } from "#rest/field-mask.ts";
import { testProtos } from "../../support/test-protos.ts";

const desc = testProtos().getMessage("vectors.UpdateRequest");

function field<K extends DescField["fieldKind"]>(name: string, kind: K) {
  const found = desc?.fields.find((candidate) => candidate.name === name);
  if (found?.fieldKind !== kind) throw new Error(name);
  return found as DescField & { readonly fieldKind: K };
}

function maskOf(body: string): readonly string[] | undefined {
  if (desc === undefined) throw new Error("no message");
  const message = create(desc) as Message & { updateMask?: { paths: string[] } };
  fillMask(message, field("update_mask", "message"), field("abe", "message"), body);
  return message.updateMask?.paths;
}

test.for([
  {
    name: "names both ways become proto names, sorted",
    body: '{"uuid":"1","boolValue":true}',
    paths: ["bool_value", "uuid"],
  },
  {
    name: "messages are descended into",
    body: '{"singleNested":{"amount":1,"name":"a"}}',
    paths: ["single_nested.amount", "single_nested.name"],
  },
  {
    name: "an empty message is named itself",
    body: '{"single_nested":{}}',
    paths: ["single_nested"],
  },
  { name: "null names its field", body: '{"single_nested":null}', paths: ["single_nested"] },
  {
    name: "maps and Any are named whole",
    body: '{"mapped_string_value":{"a":"b"},"anytype":{"@type":"x","y":1}}',
    paths: ["anytype", "mapped_string_value"],
  },
  { name: "unknown names are left out", body: '{"nope":1,"__proto__":{}}', paths: [] },
])("$name", ({ body, paths }) => {
  expect(maskOf(body)).toEqual(paths);
});
