/** Facts can be added to a fault on its way; nothing else of it changes. */

import { Code, ConnectError } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { fault, reasonOf, withMetadata } from "#errors/fault.ts";
import { BadRequestSchema, ErrorInfoSchema } from "#gen/google/rpc/error_details_pb.js";

test("withMetadata adds facts and keeps reason, code, words, details, headers and cause", () => {
  const cause = new Error("inside");
  const error = fault("BACKEND_REFUSED", "no", {
    code: Code.NotFound,
    metadata: { model: "m" },
    fields: [{ field: "model", description: "unknown" }],
    headers: { allow: "GET" },
    cause,
  });
  const more = withMetadata(error, { attempts: "core-1:BACKEND_REFUSED" });
  expect(reasonOf(more)).toBe("BACKEND_REFUSED");
  expect([more.code, more.rawMessage, more.cause]).toEqual([Code.NotFound, "no", cause]);
  expect(more.metadata.get("allow")).toBe("GET");
  expect(more.findDetails(ErrorInfoSchema).map(({ metadata }) => metadata)).toEqual([
    { model: "m", attempts: "core-1:BACKEND_REFUSED" },
  ]);
  expect(more.findDetails(BadRequestSchema)[0]?.fieldViolations[0]?.field).toBe("model");
  expect(error.findDetails(ErrorInfoSchema)[0]?.metadata).toEqual({ model: "m" });
});

test("withMetadata makes an error without a reason INTERNAL", () => {
  const more = withMetadata(new ConnectError("odd", Code.Unknown), { attempts: "a" });
  expect([reasonOf(more), more.code]).toEqual(["INTERNAL", Code.Unknown]);
});

test("what a caller did wrong has no stack, because a crowd of refusals would pay for it; others' faults have one", () => {
  const { stackTraceLimit } = Error;
  expect(fault("REQUEST_INVALID", "no").stack).not.toContain("\n    at ");
  expect(fault("INTERNAL", "a bug").stack).toContain("\n    at ");
  expect(Error.stackTraceLimit).toBe(stackTraceLimit);
});

test("a text of a kilobyte is sent whole, a longer one is cut to as much, and says so", () => {
  const longest = "x".repeat(1_024);
  expect(fault("REQUEST_INVALID", longest).rawMessage).toBe(longest);
  const fields = [{ field: `${longest}y`, description: `${longest}y` }];
  const cut = `${"x".repeat(1_023)}…`;
  const error = fault("REQUEST_INVALID", `${longest}y`, { fields });
  expect(error.rawMessage).toBe(cut);
  expect(error.findDetails(BadRequestSchema)[0]?.fieldViolations).toMatchObject([
    { field: cut, description: cut },
  ]);
});
