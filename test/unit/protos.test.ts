/** The protos that come from elsewhere are what they say they are. */

import { execFileSync, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { cp } from "node:fs/promises";
import { join, resolve } from "node:path";
import { createFileRegistry, fromBinary, type JsonValue, toJson } from "@bufbuild/protobuf";
import {
  type FileDescriptorProto,
  FileDescriptorProtoSchema,
  FileDescriptorSetSchema,
} from "@bufbuild/protobuf/wkt";
import { file_buf_validate_validate as validator } from "@bufbuild/protovalidate/gen/buf/validate/validate_pb.js";
import { expect, test } from "vitest";
import { temporaryFolder } from "../support/temporary-folder.ts";

function built(): readonly FileDescriptorProto[] {
  const args = ["build", "proto", "--exclude-imports", "--exclude-source-info", "-o", "-"];
  const image = execFileSync("node_modules/.bin/buf", args, { maxBuffer: 1 << 26 });
  return fromBinary(FileDescriptorSetSchema, image).file;
}

/** A file as JSON, without the names that compilers derive. */
function written(file: FileDescriptorProto | undefined): JsonValue {
  if (file === undefined) throw new Error("no such file");
  const json = JSON.stringify(toJson(FileDescriptorProtoSchema, file));
  return JSON.parse(json, (key, value) => (key === "jsonName" ? undefined : value));
}

test("the rules of buf.validate are those of the validator, to the last field", () => {
  const own = built().find(({ name }) => name === "buf/validate/validate.proto");
  expect(written(own)).toEqual(written(validator.proto));
});

test("every file says where its code goes in Go, Java and C#", () => {
  for (const { name, options } of built()) {
    expect(options?.goPackage, `${name}: go_package`).toMatch(/[./]/);
    expect(options?.javaPackage, `${name}: java_package`).not.toBe("");
    expect(options?.javaMultipleFiles, `${name}: java_multiple_files`).toBe(true);
    if (/^poly/.test(name)) expect(options?.csharpNamespace, name).toMatch(/^Poly/);
  }
});

test("what is generated of the rules comes from the validator alone", () => {
  expect(readFileSync("gen/polygate/v1/chat_pb.js", "utf8")).toContain(
    'from "@bufbuild/protovalidate/gen/buf/validate/validate_pb.js"',
  );
});

test("gen/polygate.binpb describes every service, and all that they import", () => {
  const set = fromBinary(FileDescriptorSetSchema, readFileSync("gen/polygate.binpb"));
  const registry = createFileRegistry(set);
  const own = built().filter(({ name }) => /^(?:polygate|polyagent|inference|grpc)\//.test(name));
  const services = own.flatMap((file) => file.service.map(({ name }) => `${file.package}.${name}`));
  expect(services).toContain("polygate.v1.ChatService");
  for (const name of services) expect(registry.getService(name), name).toBeDefined();
  expect(registry.getMessage("google.rpc.ErrorInfo")).toBeDefined();
});

test("what 0.1.0 promised is kept: a field that changes its number is found", async () => {
  await using folder = await temporaryFolder();
  await cp("proto", join(folder.path, "proto"), { recursive: true });
  const chat = readFileSync("proto/polygate/v1/chat.proto", "utf8");
  const changed = chat.replace("string message = 1 ", "string message = 21 ");
  await folder.write("proto/polygate/v1/chat.proto", changed);
  await cp("buf.yaml", join(folder.path, "buf.yaml"));
  const against = ["--against", resolve("test/fixtures/released-protos.binpb")];
  const broken = spawnSync(resolve("node_modules/.bin/buf"), ["breaking", "proto", ...against], {
    cwd: folder.path,
    encoding: "utf8",
  });
  expect(broken.stdout).toContain(
    'Previously present field "1" with name "message" on message "ChatRequest"',
  );
});
