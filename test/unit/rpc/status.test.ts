import { fromBinary } from "@bufbuild/protobuf";
import { anyUnpack } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { fault } from "#errors/fault.ts";
import { ErrorInfoSchema } from "#gen/google/rpc/error_details_pb.js";
import { StatusSchema } from "#gen/google/rpc/status_pb.js";
import { grpcMessage, statusFields } from "#rpc/status.ts";

test.each([
  ["plain text, ~ and all", "plain text, ~ and all"],
  ["100%", "100%25"],
  ["line\nbreak", "line%0Abreak"],
  ["☺ 😈", "%E2%98%BA %F0%9F%98%88"],
  [" ~%", " ~%25"],
  ["\u007f", "%7F"],
  ["", ""],
])("grpc-message writes %j as %j", (text, encoded) => {
  expect(grpcMessage(text)).toBe(encoded);
  expect(decodeURIComponent(encoded)).toBe(text);
});

test("success is one field", () => {
  expect(statusFields(undefined)).toEqual([["grpc-status", "0"]]);
});

test("an error has its code, its text, its details and its metadata", () => {
  const error = fault("MODEL_UNKNOWN", "no model named ü", { headers: { "x-hint": "yes" } });
  const fields = Object.fromEntries(statusFields(error));
  expect(fields).toMatchObject({
    "grpc-status": "5",
    "grpc-message": "no model named %C3%BC",
    "x-hint": "yes",
  });
  const bytes = Buffer.from(fields["grpc-status-details-bin"] ?? "", "base64");
  const status = fromBinary(StatusSchema, bytes);
  expect([status.code, status.message]).toEqual([Code.NotFound, "no model named ü"]);
  expect(status.details.map((any) => anyUnpack(any, ErrorInfoSchema)?.reason)).toEqual([
    "MODEL_UNKNOWN",
  ]);
});

test.each([1, 2, 3])("details are base64 without padding, of %d bytes more as well", (more) => {
  const error = new ConnectError("x", Code.Aborted);
  error.details.push({ type: "some.Type", value: new Uint8Array(more) });
  const fields = Object.fromEntries(statusFields(error));
  expect(fields["grpc-status-details-bin"]).toMatch(/^[\w+/]+$/);
});

test("details that came by the wire go on as they are", () => {
  const error = new ConnectError("x", Code.Aborted);
  error.details.push({ type: "some.Type", value: Uint8Array.of(1, 2) });
  const fields = Object.fromEntries(statusFields(error));
  const bytes = Uint8Array.from(Buffer.from(fields["grpc-status-details-bin"] ?? "", "base64"));
  expect(fromBinary(StatusSchema, bytes).details).toMatchObject([
    { typeUrl: "type.googleapis.com/some.Type", value: Uint8Array.of(1, 2) },
  ]);
});
