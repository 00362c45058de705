import { create, createFileRegistry, fromBinary } from "@bufbuild/protobuf";
import {
  type DescriptorProto,
  FileDescriptorProtoSchema,
  FileDescriptorSetSchema,
} from "@bufbuild/protobuf/wkt";
import { createContextValues } from "@connectrpc/connect";
import { createAsyncIterable } from "@connectrpc/connect/protocol";
import { describe, expect, test } from "vitest";
import {
  type ErrorResponse,
  type FileDescriptorResponse,
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
import { eventLoopTurn } from "../../support/predict.ts";

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

const protosOf = (answer: ServerReflectionResponse["messageResponse"] | undefined) =>
  answer?.case === "fileDescriptorResponse"
    ? answer.value.fileDescriptorProto.map((bytes) => fromBinary(FileDescriptorProtoSchema, bytes))
    : [];
const fileNames = (answer: ServerReflectionResponse["messageResponse"] | undefined) =>
  protosOf(answer).map(({ name }) => name);

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
    [
      "an enum value within its enum",
      "google.protobuf.FieldDescriptorProto.Type.TYPE_INT32",
      "google/protobuf/descriptor.proto",
    ],
    ["an error detail", "google.rpc.BadRequest", "google/rpc/error_details.proto"],
    ["a nested message", "google.rpc.BadRequest.FieldViolation", "google/rpc/error_details.proto"],
    [
      "a field of a nested message",
      "google.rpc.BadRequest.FieldViolation.field",
      "google/rpc/error_details.proto",
    ],
    ["an entry of a map", "google.rpc.ErrorInfo.MetadataEntry", "google/rpc/error_details.proto"],
    [
      "the key of a map's entry",
      "google.rpc.ErrorInfo.MetadataEntry.key",
      "google/rpc/error_details.proto",
    ],
    ["a oneof", "google.api.HttpRule.pattern", "google/api/http.proto"],
  ] as const;
  for (const [what, symbol, file] of rows) {
    test(`${what}: ${symbol}`, async () => {
      const [answer] = await ask([{ case: "fileContainingSymbol", value: symbol }]);
      expect(fileNames(answer)[0]).toBe(file);
    });
  }
});

test("every name in every file that is told of is found", async () => {
  const [told] = await ask([{ case: "fileByFilename", value: "polygate/v1/chat.proto" }]);
  const names: [symbol: string, file: string][] = [];
  const add = (symbol: string, file: string) => names.push([symbol, file]);
  const visit = (scope: string, message: DescriptorProto, file: string) => {
    const symbol = `${scope}.${message.name}`;
    add(symbol, file);
    for (const { name } of [...message.field, ...message.oneofDecl, ...message.extension]) {
      add(`${symbol}.${name}`, file);
    }
    for (const type of message.enumType) {
      for (const { name } of [type, ...type.value]) add(`${symbol}.${name}`, file);
    }
    for (const nested of message.nestedType) visit(symbol, nested, file);
  };
  for (const proto of protosOf(told)) {
    for (const message of proto.messageType) visit(proto.package, message, proto.name);
    for (const { name } of proto.extension) add(`${proto.package}.${name}`, proto.name);
  }
  expect(names.length).toBeGreaterThan(300);
  const answers = await ask(names.map(([value]) => ({ case: "fileContainingSymbol", value })));
  expect(answers.map((answer) => fileNames(answer)[0])).toEqual(names.map(([, file]) => file));
});

test("a file is serialized once, whoever asks for it", async () => {
  const question = { case: "fileByFilename", value: "polygate/v1/chat.proto" } as const;
  const bytesOf = (answers: Awaited<ReturnType<typeof ask>>) =>
    answers.map(({ value }) => (value as FileDescriptorResponse).fileDescriptorProto[0]);
  const [first, second] = bytesOf(await ask([question, question]));
  const [third] = bytesOf(await ask([question], ServerReflectionAlpha));
  expect(first).toBeInstanceOf(Uint8Array);
  expect(second).toBe(first);
  expect(third).toBe(first);
});

test("a stream of thousands of questions lets the event loop turn", async () => {
  const questions = Array.from({ length: 10_000 }, () => ({
    case: "fileContainingSymbol" as const,
    value: "polygate.v1.ChatRequest",
  }));
  let turns = 0;
  let isOver = false;
  const answering = ask(questions).then(({ length }) => {
    isOver = true;
    return length;
  });
  while (!isOver) {
    await eventLoopTurn();
    turns += 1;
  }
  expect(await answering).toBe(10_000);
  expect(turns).toBeGreaterThan(5);
});

test("an error quotes the beginning of a long question", async () => {
  const [answer] = await ask([{ case: "fileContainingSymbol", value: "x".repeat(1_000_000) }]);
  expect(answer?.case).toBe("errorResponse");
  expect((answer?.value as ErrorResponse | undefined)?.errorMessage.length).toBeLessThan(300);
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
    "CountTokens",
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
