import { create, createRegistry } from "@bufbuild/protobuf";
import { anyPack } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { fault } from "#errors/fault.ts";
import { ErrorInfoSchema } from "#gen/google/rpc/error_details_pb.js";
import { StatusSchema } from "#gen/google/rpc/status_pb.js";
import { connectErrorJson } from "#rpc/connect-error.ts";

test.each([
  [Code.Canceled, "canceled"],
  [Code.DeadlineExceeded, "deadline_exceeded"],
  [Code.DataLoss, "data_loss"],
  [Code.Unauthenticated, "unauthenticated"],
])("code %d is %s", (code, name) => {
  expect(connectErrorJson(new ConnectError("text", code))).toEqual({ code: name, message: "text" });
});

test("details are base64 beside what they say", () => {
  expect(connectErrorJson(fault("RATE_LIMITED", "slow down"))).toMatchObject({
    code: "resource_exhausted",
    details: [
      {
        type: "google.rpc.ErrorInfo",
        value: expect.stringMatching(/^[A-Za-z0-9+/]+$/),
        debug: { reason: "RATE_LIMITED", domain: "polygate" },
      },
    ],
  });
});

test.each([1, 2, 3])("base64 has no padding, of %d bytes either", (bytes) => {
  const error = new ConnectError("x", Code.Aborted);
  error.details.push({ type: "some.Type", value: new Uint8Array(bytes) });
  expect(JSON.stringify(connectErrorJson(error))).not.toContain("=");
});

test("a detail that holds another says what that is, where its type is known, and goes on where it is not", () => {
  const error = new ConnectError("x", Code.Aborted);
  const inner = anyPack(ErrorInfoSchema, create(ErrorInfoSchema, { reason: "INNER" }));
  error.details.push({ desc: StatusSchema, value: { message: "outer", details: [inner] } });
  expect(connectErrorJson(error, createRegistry(ErrorInfoSchema))).toMatchObject({
    details: [{ type: "google.rpc.Status", debug: { details: [{ reason: "INNER" }] } }],
  });
  expect(connectErrorJson(error)).toEqual({
    code: "aborted",
    message: "x",
    details: [{ type: "google.rpc.Status", value: expect.stringMatching(/^[\w+/]+$/) }],
  });
});

test("details that came by the wire go on as they are", () => {
  const error = new ConnectError("x", Code.Aborted);
  error.details.push({ type: "some.Type", value: Uint8Array.of(255) });
  expect(connectErrorJson(error)).toMatchObject({ details: [{ type: "some.Type", value: "/w" }] });
});
