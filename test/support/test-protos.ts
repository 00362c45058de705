/** The test protos as descriptors, built by buf when a test asks for them. */

import { execFileSync } from "node:child_process";
import { globSync } from "node:fs";
import {
  createFileRegistry,
  type DescService,
  type FileRegistry,
  fromBinary,
} from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";

const modules = {
  version: "v2",
  modules: [{ path: "test/fixtures/protos" }, { path: "proto", includes: ["proto/google"] }],
};

/** All files under test/fixtures/protos with what they import, as a FileDescriptorSet. */
export function testProtoImage(): Uint8Array {
  const paths = globSync("test/fixtures/protos/*.proto").flatMap((file) => ["--path", file]);
  return execFileSync(
    "node_modules/.bin/buf",
    ["build", "--config", JSON.stringify(modules), ...paths, "-o", "-"],
    { maxBuffer: 1 << 26 },
  );
}

/** The same, ready for use. */
export function testProtos(): FileRegistry {
  return createFileRegistry(fromBinary(FileDescriptorSetSchema, testProtoImage()));
}

/** A service of the test protos. */
export function testService(registry: FileRegistry, typeName: string): DescService {
  const service = registry.getService(typeName);
  if (service === undefined) throw new Error(`no service ${typeName}`);
  return service;
}
