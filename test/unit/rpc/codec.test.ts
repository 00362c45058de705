import { create, toBinary } from "@bufbuild/protobuf";
import { anyPack } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError } from "@connectrpc/connect";
import { describe, expect, test } from "vitest";
import { ErrorInfoSchema } from "#gen/google/rpc/error_details_pb.js";
import { Decoders } from "#protobuf/decoder.ts";
import { codecsOf, registryOf } from "#rpc/codec.ts";
import {
  ConformanceService,
  type UnaryRequest,
  UnaryRequestSchema,
  UnaryResponseSchema,
} from "../../gen/connectrpc/conformance/v1/service_pb.js";

const registry = registryOf([ConformanceService]);
const decoders = new Decoders();
const { proto, json } = codecsOf(ConformanceService.method.unary, { decoders, json: { registry } });

function thrownBy(read: () => unknown): ConnectError {
  try {
    read();
  } catch (error) {
    if (error instanceof ConnectError) return error;
  }
  throw new Error("nothing was thrown");
}

describe("protobuf", () => {
  test("fields of bytes are plain arrays, also out of a Buffer", () => {
    const bytes = toBinary(
      UnaryRequestSchema,
      create(UnaryRequestSchema, { requestData: Uint8Array.of(1, 2) }),
    );
    const { requestData } = proto.read(Buffer.from(bytes), Code.Internal) as UnaryRequest;
    expect(requestData).toEqual(Uint8Array.of(1, 2));
    expect(Buffer.isBuffer(requestData)).toBe(false);
  });

  test("bytes that cannot be read have the code that the protocol has for them", () => {
    const error = thrownBy(() => proto.read(Uint8Array.of(0x0a, 9), Code.Internal));
    expect(error).toMatchObject({
      code: Code.Internal,
      rawMessage: expect.stringContaining("protobuf"),
    });
  });
});

describe("JSON", () => {
  const text = (value: string) => new TextEncoder().encode(value);

  test("fields that the schema has not are passed over: clients may be newer", () => {
    expect(json.read(text('{"later": 1}'), Code.InvalidArgument)).toEqual(
      create(UnaryRequestSchema),
    );
  });

  test.each([
    ["no JSON", text("{")],
    ["a value of another type", text('{"requestData": 1}')],
    ["no UTF-8", Uint8Array.of(0x22, 0xff, 0x22)],
    ["nothing", new Uint8Array(0)],
  ])("%s is malformed", (_name, bytes) => {
    expect(thrownBy(() => json.read(bytes, Code.InvalidArgument)).code).toBe(Code.InvalidArgument);
  });

  test("Any is written when a file of the services knows its type, and is our fault when none does", () => {
    const holding = (type: typeof UnaryRequestSchema | typeof ErrorInfoSchema) =>
      create(UnaryResponseSchema, {
        payload: { requestInfo: { requests: [anyPack(type, create(type))] } },
      });
    expect(Buffer.from(json.write(holding(UnaryRequestSchema), 0)).toString()).toContain(
      "type.googleapis.com/connectrpc.conformance.v1.UnaryRequest",
    );
    expect(() => json.write(holding(ErrorInfoSchema), 0)).toThrow();
  });
});
