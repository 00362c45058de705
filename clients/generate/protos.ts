/** What clients are generated from: the public protos, without what only the gateway reads of them. */

import { execFileSync } from "node:child_process";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import {
  type DescriptorProto,
  type FileDescriptorProto,
  type FileDescriptorSet,
  FileDescriptorSetSchema,
  MethodOptions_IdempotencyLevel,
} from "@bufbuild/protobuf/wkt";

/** Files that clients have no use for: what hooks are asked, relayed bodies, the gateway's own options. */
const unusedPattern = /^polygate\/v1\/(?:hooks|relay|options)\.proto$/;
/** What only options need. */
const optionPattern =
  /^(?:buf\/validate\/validate|google\/api\/(?:annotations|http)|google\/protobuf\/descriptor|polygate\/v1\/options)\.proto$/;
/** Services whose calls may be repeated although they have effects: each makes an answer and keeps nothing. */
const answering: ReadonlySet<string> = new Set([
  "ChatService",
  "EmbeddingsService",
  "PredictService",
]);

/**
 * The files of `proto/polygate`, and what they import, with comments. Rules and HTTP paths, which
 * are custom options, are left out: the gateway holds calls to them, and so no client needs
 * packages that define them.
 */
export function clientProtos(): FileDescriptorSet {
  const image = execFileSync(
    "node_modules/.bin/buf",
    "build proto --path proto/polygate --path proto/google/rpc --as-file-descriptor-set -o -".split(
      " ",
    ),
    { maxBuffer: 1 << 26 },
  );
  const { file } = fromBinary(FileDescriptorSetSchema, image);
  const used = file.filter(({ name }) => !unusedPattern.test(name) && !optionPattern.test(name));
  return create(FileDescriptorSetSchema, { file: used.map(withoutOptions) });
}

/** As bytes, for compilers. */
export function asBytes(set: FileDescriptorSet): Uint8Array {
  return toBinary(FileDescriptorSetSchema, set);
}

/** The names of the files that are this project's own. */
export function ownFiles({ file }: FileDescriptorSet): readonly string[] {
  return file.map(({ name }) => name).filter((name) => name.startsWith("polygate/"));
}

/**
 * The retry policy of all clients, as gRPC's service configuration: calls without effects, and those
 * that make answers, are tried three times in all while the gateway is not available.
 */
export function serviceConfig({ file }: FileDescriptorSet): object {
  const name = file.flatMap((proto) =>
    proto.service.flatMap((service) =>
      service.method
        .filter(
          ({ options, clientStreaming }) =>
            !clientStreaming &&
            (answering.has(service.name) ||
              options?.idempotencyLevel === MethodOptions_IdempotencyLevel.NO_SIDE_EFFECTS),
        )
        .map((method) => ({ service: `${proto.package}.${service.name}`, method: method.name })),
    ),
  );
  const retryPolicy = {
    maxAttempts: 3,
    initialBackoff: "0.2s",
    maxBackoff: "5s",
    backoffMultiplier: 2,
    retryableStatusCodes: ["UNAVAILABLE"],
  };
  return { methodConfig: [{ name, retryPolicy }] };
}

/** Custom options are unknown to descriptor.proto's own types. */
function withoutOptions(file: FileDescriptorProto): FileDescriptorProto {
  if (!file.name.startsWith("polygate/")) return file;
  const kept = file.dependency.filter((name) => !optionPattern.test(name));
  for (const message of file.messageType.flatMap(withNested)) {
    for (const described of [message, ...message.field, ...message.oneofDecl]) forget(described);
  }
  for (const method of file.service.flatMap((service) => service.method)) forget(method);
  return { ...file, dependency: kept };
}

function withNested(message: DescriptorProto): DescriptorProto[] {
  return [message, ...message.nestedType.flatMap(withNested)];
}

function forget(described: { options?: { $unknown?: unknown } | undefined }): void {
  if (described.options !== undefined) delete described.options.$unknown;
}
