import { create, createFileRegistry, fromBinary } from "@bufbuild/protobuf";
import { FileDescriptorProtoSchema, FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { createContextValues } from "@connectrpc/connect";
import { createAsyncIterable } from "@connectrpc/connect/protocol";
import { describe, expect, test } from "vitest";
import {
  ServerReflection,
  type ServerReflectionRequest,
  ServerReflectionRequestSchema,
  type ServerReflectionResponse,
} from "#gen/grpc/reflection/v1/reflection_pb.js";
import { ServerReflection as ServerReflectionAlpha } from "#gen/grpc/reflection/v1alpha/reflection_pb.js";
import { ChatService } from "#gen/polygate/v1/chat_pb.js";
import { ModelsService } from "#gen/polygate/v1/models_pb.js";
import { createCallPath } from "#rpc/call.ts";
import { registerReflection } from "#rpc/reflection.ts";
import { asIs } from "../../support/call.ts";

type Question = ServerReflectionRequest["messageRequest"];

const calls = createCallPath(
  (router) => registerReflection(router, [ChatService, ModelsService]),
  [],
);

async function ask(
  questions: readonly Question[],
  service: typeof ServerReflection | typeof ServerReflectionAlpha = ServerReflection,
): Promise<ServerReflectionResponse["messageResponse"][]> {
  const requests = questions.map((messageRequest) =>
    create(ServerReflectionRequestSchema, { messageRequest }),
  );
  const { messages } = calls.stream(
    service.method.serverReflectionInfo,
    createAsyncIterable(requests),
    {
      header: new Headers(),
      signal: new AbortController().signal,
      values: createContextValues(),
      url: "",
      httpMethod: "POST",
      protocol: "test",
    },
    asIs,
  );
  const answers = [];
  for await (const message of messages) answers.push(message as ServerReflectionResponse);
  return answers.map(({ messageResponse }) => messageResponse);
}

const fileNames = (answer: ServerReflectionResponse["messageResponse"] | undefined) =>
  answer?.case === "fileDescriptorResponse"
    ? answer.value.fileDescriptorProto.map(
        (bytes) => fromBinary(FileDescriptorProtoSchema, bytes).name,
      )
    : [];

for (const service of [ServerReflection, ServerReflectionAlpha]) {
  test(`${service.typeName} lists every mounted service and both of its own versions`, async () => {
    const [answer] = await ask([{ case: "listServices", value: "" }], service);
    expect(answer?.case).toBe("listServicesResponse");
    if (answer?.case !== "listServicesResponse") return;
    expect(answer.value.service.map(({ name }) => name)).toEqual([
      "grpc.reflection.v1.ServerReflection",
      "grpc.reflection.v1alpha.ServerReflection",
      "polygate.v1.ChatService",
      "polygate.v1.ModelsService",
    ]);
  });
}

describe("a symbol is found in the file that defines it", () => {
  const rows = [
    ["a service", "polygate.v1.ChatService", "polygate/v1/chat.proto"],
    ["a method", "polygate.v1.ChatService.Chat", "polygate/v1/chat.proto"],
    ["a message", "polygate.v1.ChatRequest", "polygate/v1/chat.proto"],
    ["a field", "polygate.v1.ChatRequest.message", "polygate/v1/chat.proto"],
    ["a type of an imported file", "google.api.HttpRule", "google/api/http.proto"],
    ["an enum", "google.protobuf.FieldDescriptorProto.Type", "google/protobuf/descriptor.proto"],
    [
      "an enum value",
      "google.protobuf.FieldDescriptorProto.TYPE_INT32",
      "google/protobuf/descriptor.proto",
    ],
    ["an extension", "buf.validate.field", "buf/validate/validate.proto"],
    ["an error detail", "google.rpc.BadRequest", "google/rpc/error_details.proto"],
  ] as const;
  for (const [what, symbol, file] of rows) {
    test(`${what}: ${symbol}`, async () => {
      const [answer] = await ask([{ case: "fileContainingSymbol", value: symbol }]);
      expect(fileNames(answer)[0]).toBe(file);
    });
  }
});

test("a file comes with all that it imports, so that a client can build the types", async () => {
  const [answer] = await ask([{ case: "fileByFilename", value: "polygate/v1/chat.proto" }]);
  expect(answer?.case).toBe("fileDescriptorResponse");
  if (answer?.case !== "fileDescriptorResponse") return;
  const file = answer.value.fileDescriptorProto
    .map((bytes) => fromBinary(FileDescriptorProtoSchema, bytes))
    .reverse();
  const registry = createFileRegistry(create(FileDescriptorSetSchema, { file }));
  expect(registry.getService("polygate.v1.ChatService")?.methods.map(({ name }) => name)).toEqual([
    "Chat",
    "StreamChat",
    "Query",
  ]);
});

test("files sent once on a stream are not sent again unless asked for", async () => {
  const [first, second] = await ask([
    { case: "fileByFilename", value: "polygate/v1/chat.proto" },
    { case: "fileByFilename", value: "polygate/v1/models.proto" },
  ]);
  expect(fileNames(first)).toContain("google/api/annotations.proto");
  expect(fileNames(second)).toEqual(["polygate/v1/models.proto"]);
});

test("an extension is found by number, and the numbers of a type are told", async () => {
  const [file, numbers] = await ask([
    {
      case: "fileContainingExtension",
      value: {
        $typeName: "grpc.reflection.v1.ExtensionRequest",
        containingType: "google.protobuf.MethodOptions",
        extensionNumber: 72295728,
      },
    },
    { case: "allExtensionNumbersOfType", value: "google.protobuf.MethodOptions" },
  ]);
  expect(fileNames(file)[0]).toBe("google/api/annotations.proto");
  expect(numbers?.case).toBe("allExtensionNumbersResponse");
  if (numbers?.case !== "allExtensionNumbersResponse") return;
  expect(numbers.value.extensionNumber).toContain(72295728);
});

test("what is not known is an answer in the stream, and the stream goes on", async () => {
  const answers = await ask([
    { case: "fileContainingSymbol", value: "no.such.Thing" },
    { case: "fileByFilename", value: "no/such.proto" },
    { case: undefined },
    { case: "listServices", value: "" },
  ]);
  expect(answers.map((answer) => answer.case)).toEqual([
    "errorResponse",
    "errorResponse",
    "errorResponse",
    "listServicesResponse",
  ]);
  expect(answers[0]?.value).toMatchObject({ errorCode: 5 });
  expect(answers[2]?.value).toMatchObject({ errorCode: 12 });
});
