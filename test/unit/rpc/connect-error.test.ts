import { Code, ConnectError } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { fault } from "#errors/fault.ts";
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

test("details that came by the wire go on as they are", () => {
  const error = new ConnectError("x", Code.Aborted);
  error.details.push({ type: "some.Type", value: Uint8Array.of(255) });
  expect(connectErrorJson(error)).toMatchObject({ details: [{ type: "some.Type", value: "/w" }] });
});
