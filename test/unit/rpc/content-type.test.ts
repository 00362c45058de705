import { describe, expect, test } from "vitest";
import { fits, rpcTypeOf, rpcTypeOfEncoding, typesFor } from "#rpc/content-type.ts";

describe("a content type names protocol and format", () => {
  test.each([
    ["application/grpc", "grpc", "proto"],
    ["application/grpc+json", "grpc", "json"],
    ["application/grpc-web+proto", "grpc-web", "proto"],
    ["application/grpc-web-text", "grpc-web-text", "proto"],
    ["application/proto", "connect", "proto"],
    ["application/json", "connect", "json"],
    ["application/connect+json", "connect-stream", "json"],
    ["Application/JSON; Charset=UTF-8", "connect", "json"],
    ['application/json;charset="utf-8"', "connect", "json"],
    ["application/json ; charset=utf8", "connect", "json"],
    ["application/grpc; x=y", "grpc", "proto"],
    ["APPLICATION/GRPC", "grpc", "proto"],
  ])("%s is %s with %s", (contentType, protocol, format) => {
    expect(rpcTypeOf(contentType)).toMatchObject({ protocol, format });
  });

  test.each([
    [undefined],
    [""],
    ["text/plain"],
    ["application/grpc+thrift"],
    ["application/connect"],
    ["application/json; charset=latin1"],
    ["application/json, application/proto"],
  ])("%s is none of RPC", (contentType) => {
    expect(rpcTypeOf(contentType)).toBeUndefined();
  });

  test("a GET names its format as a parameter, and no other word will do", () => {
    for (const format of ["json", "proto"]) {
      expect(rpcTypeOfEncoding(format)).toMatchObject({ protocol: "connect", format });
    }
    expect(rpcTypeOfEncoding("grpc")).toBeUndefined();
    expect(rpcTypeOfEncoding(undefined)).toBeUndefined();
  });
});

test("Connect has one form for unary methods and one for streams; gRPC has one for both", () => {
  const types = (isUnary: boolean) => typesFor(isUnary).split(", ");
  expect(types(true)).toContain("application/json");
  expect(types(true)).not.toContain("application/connect+json");
  expect(types(false)).toContain("application/connect+json");
  expect(types(false)).not.toContain("application/json");
  for (const isUnary of [true, false]) {
    expect(types(isUnary)).toContain("application/grpc");
    for (const text of types(isUnary)) {
      const type = rpcTypeOf(text);
      expect(type !== undefined && fits(type, isUnary), text).toBe(true);
    }
  }
});
