/** HTTP statuses of codes and reasons. */

import { Code } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { fault } from "#errors/fault.ts";
import { httpStatusFrom, httpStatusOf } from "#errors/http-status.ts";
import { type Reason, reasons } from "#errors/reason.ts";

test("codes map as google.rpc.Code documents", () => {
  const codes = Object.values(Code).filter((code): code is Code => typeof code === "number");
  expect(Object.fromEntries(codes.map((code) => [Code[code], httpStatusOf(code)]))).toEqual({
    Canceled: 499,
    Unknown: 500,
    InvalidArgument: 400,
    DeadlineExceeded: 504,
    NotFound: 404,
    AlreadyExists: 409,
    PermissionDenied: 403,
    ResourceExhausted: 429,
    FailedPrecondition: 400,
    Aborted: 409,
    OutOfRange: 400,
    Unimplemented: 501,
    Internal: 500,
    Unavailable: 503,
    DataLoss: 500,
    Unauthenticated: 401,
  });
});

test("a reason's own status comes before that of its code", () => {
  expect(httpStatusFrom(fault("BODY_TOO_LARGE", "x"))).toBe(413);
  expect(httpStatusFrom(fault("RATE_LIMITED", "x"))).toBe(429);
});

test("every reason has an error's status", () => {
  for (const reason of Object.keys(reasons) as Reason[]) {
    const status = httpStatusFrom(fault(reason, "x"));
    expect({ reason, isError: status >= 400 && status < 600 }).toEqual({ reason, isError: true });
  }
});
