/** grpc.reflection v1 and v1alpha over the descriptors of the mounted services. */

import {
  createRegistry,
  type DescFile,
  type DescService,
  type Registry,
  toBinary,
} from "@bufbuild/protobuf";
import { FileDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";
import { Code, type ConnectRouter } from "@connectrpc/connect";
import { file_google_rpc_error_details } from "#gen/google/rpc/error_details_pb.js";
import { ServerReflection } from "#gen/grpc/reflection/v1/reflection_pb.js";
import { ServerReflection as ServerReflectionAlpha } from "#gen/grpc/reflection/v1alpha/reflection_pb.js";

/** A question, in the shape that both versions share. */
type Question =
  | {
      readonly case: "listServices" | "fileByFilename" | "fileContainingSymbol";
      readonly value: string;
    }
  | { readonly case: "allExtensionNumbersOfType"; readonly value: string }
  | {
      readonly case: "fileContainingExtension";
      readonly value: { readonly containingType: string; readonly extensionNumber: number };
    }
  | { readonly case: undefined; readonly value?: undefined };

/** What can be asked about. */
interface Catalog {
  readonly services: readonly DescService[];
  readonly files: ReadonlyMap<string, DescFile>;
  readonly registry: Registry;
}

function catalogOf(services: readonly DescService[]): Catalog {
  const files = new Map<string, DescFile>();
  const add = (file: DescFile) => {
    if (files.has(file.proto.name)) return;
    files.set(file.proto.name, file);
    file.dependencies.forEach(add);
  };
  for (const { file } of services) add(file);
  add(file_google_rpc_error_details); // no message names them: they travel as Any in a status
  return { services, files, registry: createRegistry(...files.values()) };
}

/** The file that defines a type, service, method, field or enum value. */
function fileOfSymbol({ registry }: Catalog, symbol: string): DescFile | undefined {
  const direct = registry.get(symbol);
  if (direct !== undefined) return direct.file;
  const dot = symbol.lastIndexOf(".");
  const owner = symbol.slice(0, Math.max(0, dot));
  const member = symbol.slice(dot + 1);
  const parent = registry.get(owner);
  const members = parent?.kind === "service" ? parent.methods : memberNames(parent);
  if (members.some(({ name }) => name === member)) return parent?.file;
  return enumValueFile(registry, symbol);
}

function memberNames(parent: ReturnType<Registry["get"]>): readonly { readonly name: string }[] {
  return parent?.kind === "message" ? parent.members : [];
}

/** Enum values live in the scope around their enum (protobuf's C++ scoping). */
function enumValueFile(registry: Registry, symbol: string): DescFile | undefined {
  for (const type of registry) {
    if (type.kind !== "enum") continue;
    const scope = type.typeName.slice(0, type.typeName.length - type.name.length);
    if (type.values.some(({ name }) => `${scope}${name}` === symbol)) return type.file;
  }
  return undefined;
}

/** The file and, behind it, all that it imports, each ahead of its own imports; none of `sent`. */
function serialized(file: DescFile, sent: Set<string>): Uint8Array[] {
  const importsFirst: DescFile[] = [];
  const visit = (next: DescFile) => {
    if (sent.has(next.proto.name)) return;
    sent.add(next.proto.name);
    next.dependencies.forEach(visit);
    importsFirst.push(next);
  };
  visit(file);
  return importsFirst.reverse().map(({ proto }) => toBinary(FileDescriptorProtoSchema, proto));
}

function notFound(what: string) {
  return {
    case: "errorResponse",
    value: { errorCode: Code.NotFound, errorMessage: `${what} is not known here` },
  } as const;
}

function files(file: DescFile | undefined, what: string, sent: Set<string>) {
  if (file === undefined) return notFound(what);
  // A file that was asked for is sent even when an earlier answer held it.
  sent.delete(file.proto.name);
  return {
    case: "fileDescriptorResponse",
    value: { fileDescriptorProto: serialized(file, sent) },
  } as const;
}

/** The answer to one question. */
function answer(catalog: Catalog, question: Question, sent: Set<string>) {
  const { registry } = catalog;
  switch (question.case) {
    case "listServices": {
      const names = catalog.services.map(({ typeName }) => typeName).sort();
      const value = { service: names.map((name) => ({ name })) };
      return { case: "listServicesResponse", value } as const;
    }
    case "fileByFilename":
      return files(catalog.files.get(question.value), question.value, sent);
    case "fileContainingSymbol":
      return files(fileOfSymbol(catalog, question.value), question.value, sent);
    case "fileContainingExtension": {
      const { containingType, extensionNumber } = question.value;
      const extendee = registry.getMessage(containingType);
      const extension = extendee && registry.getExtensionFor(extendee, extensionNumber);
      return files(extension?.file, `extension ${extensionNumber} of ${containingType}`, sent);
    }
    case "allExtensionNumbersOfType": {
      const extendee = registry.getMessage(question.value);
      if (extendee === undefined) return notFound(question.value);
      const extensionNumber = [...registry]
        .filter((type) => type.kind === "extension")
        .filter((type) => type.extendee.typeName === question.value)
        .map(({ number }) => number);
      const value = { baseTypeName: question.value, extensionNumber };
      return { case: "allExtensionNumbersResponse", value } as const;
    }
    case undefined:
      return {
        case: "errorResponse",
        value: { errorCode: Code.Unimplemented, errorMessage: "this question is not known here" },
      } as const;
  }
}

/** Answers questions in order; remembers which files this conversation has seen. */
async function* converse<R extends { readonly host: string; readonly messageRequest: Question }>(
  catalog: Catalog,
  requests: AsyncIterable<R>,
) {
  const sent = new Set<string>();
  for await (const request of requests) {
    const messageResponse = answer(catalog, request.messageRequest, sent);
    yield { validHost: request.host, originalRequest: request, messageResponse };
  }
}

/** Registers both versions of reflection over `services` and themselves. */
export function registerReflection(router: ConnectRouter, services: readonly DescService[]): void {
  const catalog = catalogOf([...services, ServerReflection, ServerReflectionAlpha]);
  router.service(ServerReflection, {
    serverReflectionInfo: (requests) => converse(catalog, requests),
  });
  router.service(ServerReflectionAlpha, {
    serverReflectionInfo: (requests) => converse(catalog, requests),
  });
}
