import { clone, create, createFileRegistry, setExtension } from "@bufbuild/protobuf";
import {
  FileDescriptorProtoSchema,
  FileDescriptorSetSchema,
  MethodOptionsSchema,
} from "@bufbuild/protobuf/wkt";
import { expect, test } from "vitest";
import type { BodyProgress } from "#core/body-progress.ts";
import type { Exchange } from "#exchange/exchange.ts";
import { UploadSchema, upload } from "#gen/polygate/v1/options_pb.js";
import {
  PredictService,
  file_polygate_v1_predict as predictFile,
} from "#gen/polygate/v1/predict_pb.js";
import { UploadService } from "#gen/polygate/v1/uploads_pb.js";
import { methodExtras } from "#method-extras.ts";
import { type BodyReading, messagesFromBody } from "#rest/body.ts";
import { FieldIndex } from "#rest/field-path.ts";
import type { Route } from "#rest/route.ts";
import { takesBody, uploadOf } from "#rest/upload.ts";
import { testService } from "../../support/test-protos.ts";

/** PredictService.Predict whose option names another field. */
function predictWith(field: string, mediaTypes = ["image/*"]) {
  const file = clone(FileDescriptorProtoSchema, predictFile.proto);
  const [method] = file.service[0]?.method ?? [];
  if (method === undefined) throw new Error("no method");
  method.options ??= create(MethodOptionsSchema);
  setExtension(method.options, upload, create(UploadSchema, { field, mediaTypes }));
  const others = predictFile.dependencies.flatMap((one) => [...one.dependencies, one]);
  const files = [...new Set(others.flatMap((one) => [...one.dependencies, one]))];
  const set = create(FileDescriptorSetSchema, { file: [...files.map(({ proto }) => proto), file] });
  const { predict } = testService(createFileRegistry(set), PredictService.typeName).method;
  if (predict === undefined) throw new Error("no method");
  return predict;
}

test.each(["version", "inputs", "nothing"])(
  "an upload into %s, no field of bytes, is refused",
  (field) => {
    const method = predictWith(field);
    expect(() => uploadOf(method, new FieldIndex(), methodExtras(method))).toThrow(
      `upload names no field of bytes: ${field}`,
    );
  },
);

test("a body counts by its media type alone, or by the kind that it is of", () => {
  const method = predictWith("file", ["image/*", "audio/wav"]);
  const found = uploadOf(method, new FieldIndex(), methodExtras(method));
  if (found === undefined) throw new Error("no upload");
  const taken = ["image/png", "image/", "audio/wav"];
  const others = ["image", "images/png", "audio/wave", "audio/", "audio/mpeg", "text/plain", ""];
  expect([...taken, ...others].filter((type) => takesBody(found, type))).toEqual(taken);
});

test.each([
  ["of a file may not rest", UploadService.method.upload, false],
  ["whose pieces are answered one by one may", PredictService.method.streamPredict, true],
])("the sender of a raw body %s", async (_name, method, mayRest) => {
  const told: BodyProgress[] = [];
  const exchange = {
    header: () => "image/png",
    async *chunks(_bytesMax: number, progress: BodyProgress) {
      told.push(progress);
      yield Buffer.alloc(10);
      yield Buffer.alloc(10);
    },
  } as unknown as Exchange;
  const route = { method, body: { kind: "message", raw: true } } as unknown as Route;
  const messages = await Array.fromAsync(messagesFromBody(route, exchange, {} as BodyReading));
  expect(messages).toHaveLength(2);
  expect(told.map(({ isBetween, messages: made }) => [isBetween, made])).toEqual([[mayRest, 2]]);
});
