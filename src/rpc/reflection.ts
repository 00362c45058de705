/** grpc.reflection v1 and v1alpha over the descriptors of the mounted services. */

import type { DescService } from "@bufbuild/protobuf";
import { Code, type ConnectRouter } from "@connectrpc/connect";
import { turns } from "#core/turns.ts";
import { file_google_rpc_error_details } from "#gen/google/rpc/error_details_pb.js";
import { ServerReflection } from "#gen/grpc/reflection/v1/reflection_pb.js";
import { ServerReflection as ServerReflectionAlpha } from "#gen/grpc/reflection/v1alpha/reflection_pb.js";
import { DescriptorCatalog } from "./descriptor-catalog.ts";

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
interface Responding {
  /** Names, sorted. */
  readonly services: readonly string[];
  readonly catalog: DescriptorCatalog;
}

/** Characters of a question that an error quotes. */
const quotedLengthMax = 256;

function notFound(what: string) {
  const quoted = what.length > quotedLengthMax ? `${what.slice(0, quotedLengthMax)}…` : what;
  return {
    case: "errorResponse",
    value: { errorCode: Code.NotFound, errorMessage: `${quoted} is not known here` },
  } as const;
}

function files(
  catalog: DescriptorCatalog,
  name: string | undefined,
  what: string,
  sent: Set<string>,
) {
  const fileDescriptorProto = name === undefined ? undefined : catalog.withImports(name, sent);
  if (fileDescriptorProto === undefined) return notFound(what);
  return { case: "fileDescriptorResponse", value: { fileDescriptorProto } } as const;
}

/** The response to one question; `sent` are the files that the stream has seen. */
function answer({ services, catalog }: Responding, question: Question, sent: Set<string>) {
  switch (question.case) {
    case "listServices":
      return {
        case: "listServicesResponse",
        value: { service: services.map((name) => ({ name })) },
      } as const;
    case "fileByFilename":
      return files(catalog, question.value, question.value, sent);
    case "fileContainingSymbol":
      return files(catalog, catalog.fileOfSymbol(question.value), question.value, sent);
    case "fileContainingExtension": {
      const { containingType, extensionNumber } = question.value;
      const name = catalog.fileOfExtension(containingType, extensionNumber);
      return files(catalog, name, `extension ${extensionNumber} of ${containingType}`, sent);
    }
    case "allExtensionNumbersOfType": {
      const extensionNumber = catalog.extensionNumbersOf(question.value);
      if (extensionNumber === undefined) return notFound(question.value);
      const value = { baseTypeName: question.value, extensionNumber: [...extensionNumber] };
      return { case: "allExtensionNumbersResponse", value } as const;
    }
    case undefined:
      return {
        case: "errorResponse",
        value: { errorCode: Code.Unimplemented, errorMessage: "this question is not known here" },
      } as const;
  }
}

/** Answers questions in order, and in turns with all other streams; remembers which files this one has seen. */
async function* converse<R extends { readonly host: string; readonly messageRequest: Question }>(
  answering: Responding,
  requests: AsyncIterable<R>,
) {
  const sent = new Set<string>();
  for await (const request of requests) {
    // A client may ask thousands of questions in one read of its socket.
    const pause = turns.next();
    if (pause !== undefined) await pause;
    const messageResponse = answer(answering, request.messageRequest, sent);
    yield { validHost: request.host, originalRequest: request, messageResponse };
  }
}

/** Registers both versions of reflection over `services` and themselves. */
export function registerReflection(router: ConnectRouter, services: readonly DescService[]): void {
  const all = [...services, ServerReflection, ServerReflectionAlpha];
  // No message names the error details: they travel as Any in a status.
  const roots = [...all.map(({ file }) => file), file_google_rpc_error_details];
  const names = all.map(({ typeName }) => typeName);
  const answering: Responding = {
    services: names.sort((one, other) => (one < other ? -1 : 1)),
    catalog: new DescriptorCatalog(roots),
  };
  router.service(ServerReflection, {
    serverReflectionInfo: (requests) => converse(answering, requests),
  });
  router.service(ServerReflectionAlpha, {
    serverReflectionInfo: (requests) => converse(answering, requests),
  });
}
