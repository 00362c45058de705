/**
 * Takes out of the descriptors what no page reads: the rules of protovalidate, which the gateway holds
 * requests to, and the bindings of REST. They and their own descriptors are a tenth of what a browser
 * would load.
 */

import { fromBinary, type Message, toBinary } from "@bufbuild/protobuf";
import { base64Decode, base64Encode } from "@bufbuild/protobuf/wire";
import { type DescriptorProto, FileDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";
import type { Plugin } from "vite";

/** Files that only options need. */
const optionFiles = ["buf/validate/validate.proto", "google/api/annotations.proto"];
/** Numbers of the options `(buf.validate.…)` and `(google.api.http)`. */
const optionNumbers = [1159, 72295728];

function forget(options: Message | undefined): void {
  if (options?.$unknown === undefined) return;
  options.$unknown = options.$unknown.filter(({ no }) => !optionNumbers.includes(no));
}

function forgetIn({ options, field, oneofDecl, nestedType }: DescriptorProto): void {
  forget(options);
  for (const { options: own } of [...field, ...oneofDecl]) forget(own);
  for (const nested of nestedType) forgetIn(nested);
}

function lean(base64: string): string {
  const { options: _, ...file } = fromBinary(FileDescriptorProtoSchema, base64Decode(base64));
  for (const message of file.messageType) forgetIn(message);
  for (const service of file.service) {
    for (const { options } of service.method) forget(options);
  }
  file.dependency = file.dependency.filter((name) => !optionFiles.includes(name));
  return base64Encode(toBinary(FileDescriptorProtoSchema, file), "std_raw");
}

/** Works on the generated files of services alone. */
export const leanDescriptors: Plugin = {
  name: "lean-descriptors",
  enforce: "pre",
  transform(code, id) {
    if (!/\/gen\/(polygate|inference)\/.*_pb\.js$/.test(id)) return;
    return code
      .replace(/import \{ file_(buf_validate_validate|google_api_annotations) \}.*\n/g, "")
      .replace(/file_(buf_validate_validate|google_api_annotations),?\s*/g, "")
      .replace(/(fileDesc\(")([^"]+)/, (_, start, base64) => start + lean(base64));
  },
};
