/** The gateway as grpcurl sees it: knowing nothing beforehand, all by reflection. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import {
  create,
  type DescMessage,
  type DescMethod,
  fromBinary,
  fromJson,
  type JsonObject,
  type MessageInitShape,
  type MessageShape,
  toJson,
} from "@bufbuild/protobuf";
import { BadRequestSchema, ErrorInfoSchema } from "#gen/google/rpc/error_details_pb.js";
import { Health, HealthCheckResponse_ServingStatus } from "#gen/grpc/health/v1/health_pb.js";
import { ServerReflection } from "#gen/grpc/reflection/v1alpha/reflection_pb.js";
import { ChatService } from "#gen/polygate/v1/chat_pb.js";
import { PredictService } from "#gen/polygate/v1/predict_pb.js";
import { run } from "./program.ts";
import type { Report } from "./report.ts";
import { caFile, type Targets } from "./targets.ts";

const services = [
  "grpc.health.v1.Health",
  "grpc.reflection.v1.ServerReflection",
  "grpc.reflection.v1alpha.ServerReflection",
  "inference.GRPCInferenceService",
  "polygate.v1.BackendsService",
  "polygate.v1.CacheService",
  "polygate.v1.ChatService",
  "polygate.v1.ConfigService",
  "polygate.v1.EmbeddingsService",
  "polygate.v1.HealthService",
  "polygate.v1.KeysService",
  "polygate.v1.LimitsService",
  "polygate.v1.ModelsService",
  "polygate.v1.PredictService",
  "polygate.v1.RequestsService",
  "polygate.v1.RoutingService",
  "polygate.v1.StatsService",
  "polygate.v1.UploadService",
];

/** Runs every case with the grpcurl at `path`. */
export async function grpcurlCases(path: string, targets: Targets, report: Report): Promise<void> {
  const grpcurl = async (args: readonly string[], input = "") => {
    const { code, out, err } = await run(path, args, { input });
    assert.equal(code, 0, err);
    return out;
  };
  const plain = (...args: string[]) => grpcurl(["-plaintext", targets.plain, ...args]);
  /** Calls with one message or several; gives the answers. */
  const call = async <I extends DescMessage, O extends DescMessage>(
    method: DescMethod & { readonly input: I; readonly output: O },
    ...messages: MessageInitShape<I>[]
  ): Promise<MessageShape<O>[]> => {
    const input = messages.map((init) =>
      JSON.stringify(toJson(method.input, create(method.input, init))),
    );
    const name = `${method.parent.typeName}/${method.name}`;
    const out = await grpcurl(["-plaintext", "-d", "@", targets.plain, name], input.join("\n"));
    return documentsIn(out).map((document) => fromJson(method.output, document));
  };

  await report.check("grpcurl: lists every service by reflection v1", async () => {
    assert.deepEqual((await plain("list")).trim().split("\n"), services);
  });
  await report.check("grpcurl: lists every service by reflection v1alpha", async () => {
    const [answer] = await call(ServerReflection.method.serverReflectionInfo, {
      messageRequest: { case: "listServices", value: "" },
    });
    assert.equal(answer?.messageResponse.case, "listServicesResponse");
    assert.deepEqual(
      answer.messageResponse.value.service.map(({ name }) => name),
      services,
    );
  });
  await report.check("grpcurl: describes a service and a message with its options", async () => {
    assert.match(await plain("describe", "polygate.v1.ChatService"), /rpc StreamChat \(/);
    const message = await plain("describe", "polygate.v1.ChatRequest");
    assert.match(message, /string message = 1/);
    assert.match(message, /1048576/);
  });
  await report.check("grpcurl: Chat with tools computes 12*7", async () => {
    const question = { message: "what is 12*7?", useTools: true };
    const [answer] = await call(ChatService.method.chat, question);
    assert.match(answer?.response ?? "", /\b84\b/);
    assert.deepEqual(answer?.toolsCalled, ["calculator"]);
    assert.equal(answer?.toolCalls[0]?.result, "84");
  });
  await report.check("grpcurl: Predict names the digit on an image", async () => {
    const [answer] = await call(PredictService.method.predict, question(7));
    assert.equal(answer?.classifications[0]?.label, "7");
    assert.equal(answer?.backend, "onnx");
  });
  await report.check(
    "grpcurl: StreamChat comes in pieces, the last one with the totals",
    async () => {
      const pieces = await call(ChatService.method.streamChat, { message: "hello" });
      assert.ok(pieces.length > 2, `${pieces.length} pieces`);
      assert.deepEqual(
        pieces.map(({ done }) => done),
        pieces.map((_, index) => index === pieces.length - 1),
      );
      assert.ok((pieces.at(-1)?.usage?.totalTokens ?? 0) > 0);
    },
  );
  await report.check("grpcurl: StreamPredict answers in the order of the questions", async () => {
    const digits = [3, 1, 7];
    const answers = await call(PredictService.method.streamPredict, ...digits.map(question));
    assert.deepEqual(
      answers.map(({ classifications }) => classifications[0]?.label),
      ["3", "1", "7"],
    );
  });
  await report.check("grpcurl: grpc.health.v1 says that it serves", async () => {
    const [answer] = await call(Health.method.check, {});
    assert.equal(answer?.status, HealthCheckResponse_ServingStatus.SERVING);
  });
  await report.check("grpcurl: an error carries its reason and the field", async () => {
    const name = "polygate.v1.ChatService/Chat";
    const args = ["-plaintext", "-format-error", "-d", "{}", targets.plain, name];
    const { code, err } = await run(path, args);
    assert.equal(code, 64 + 3, "grpcurl's exit code is 64 and the status code");
    const [status = {}] = documentsIn(err);
    const [info = {}, bad = {}] = status.details as JsonObject[];
    assert.equal(status.code, 3);
    assert.equal(detail(ErrorInfoSchema, info).reason, "REQUEST_INVALID");
    assert.equal(detail(BadRequestSchema, bad).fieldViolations[0]?.field, "message");
  });
  await report.check("grpcurl: TLS with the authority's certificate", async () => {
    const listed = await grpcurl(["-cacert", caFile, targets.tls, "list"]);
    assert.deepEqual(listed.trim().split("\n"), services);
  });
  await report.check("grpcurl: TLS without it is refused by the client", async () => {
    const { code, err } = await run(path, [targets.tls, "list"]);
    assert.notEqual(code, 0);
    assert.match(err, /certificate/);
  });
}

function question(digit: number) {
  return { model: "digits", file: readFileSync(`models/digits/examples/${digit}.png`) };
}

/** The JSON objects that stand one behind the other. */
function documentsIn(text: string): JsonObject[] {
  const documents = text.trim().split(/\n(?=\{)/);
  return documents.map((document) => JSON.parse(document) as JsonObject);
}

/** An error's detail: by its fields where grpcurl knows the type, else by its bytes. */
function detail<D extends DescMessage>(schema: D, json: JsonObject): MessageShape<D> {
  const { "@type": type, "@value": bytes, "@error": _, ...fields } = json;
  assert.equal(type, `type.googleapis.com/${schema.typeName}`);
  return typeof bytes === "string"
    ? fromBinary(schema, Buffer.from(bytes, "base64"))
    : fromJson(schema, fields);
}
