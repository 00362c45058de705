/** What is defined within a message is found like what a file defines itself. */

import { create, createFileRegistry, type DescFile } from "@bufbuild/protobuf";
import {
  FileDescriptorProtoSchema,
  FileDescriptorSetSchema,
  FieldDescriptorProto_Label as Label,
  FieldDescriptorProto_Type as Type,
} from "@bufbuild/protobuf/wkt";
import { expect, test } from "vitest";
import { DescriptorCatalog } from "#rpc/descriptor-catalog.ts";

function catalogOf(scope: string) {
  const within = scope === "" ? "" : `${scope}.`;
  const proto = create(FileDescriptorProtoSchema, {
    name: "base.proto",
    package: scope,
    syntax: "proto2",
    messageType: [
      { name: "Base", extensionRange: [{ start: 100, end: 200 }] },
      {
        name: "Holder",
        field: [
          { name: "kept", number: 1, type: Type.STRING, label: Label.OPTIONAL, oneofIndex: 0 },
        ],
        oneofDecl: [{ name: "choice" }],
        extension: [
          {
            name: "more",
            extendee: `.${within}Base`,
            number: 120,
            type: Type.STRING,
            label: Label.OPTIONAL,
          },
        ],
        nestedType: [{ name: "Inner" }],
        enumType: [{ name: "Kind", value: [{ name: "ONE", number: 0 }] }],
      },
    ],
  });
  const registry = createFileRegistry(create(FileDescriptorSetSchema, { file: [proto] }));
  return new DescriptorCatalog([registry.getFile("base.proto") as DescFile]);
}

test.each(["", "a.b"])("of the package %j", (scope) => {
  const catalog = catalogOf(scope);
  const named = (name: string) => (scope === "" ? name : `${scope}.${name}`);
  for (const name of [
    "Holder",
    "Holder.kept",
    "Holder.choice",
    "Holder.more",
    "Holder.Inner",
    "Holder.Kind",
    "Holder.ONE",
    "Holder.Kind.ONE",
  ]) {
    expect(catalog.fileOfSymbol(named(name)), name).toBe("base.proto");
  }
  expect(catalog.fileOfSymbol(named("more"))).toBeUndefined();
  expect(catalog.fileOfExtension(named("Base"), 120)).toBe("base.proto");
  expect([...(catalog.extensionNumbersOf(named("Base")) ?? [])]).toEqual([120]);
  expect([...(catalog.extensionNumbersOf(named("Holder.Inner")) ?? [0])]).toEqual([]);
  expect(catalog.extensionNumbersOf(named("Nobody"))).toBeUndefined();
});
