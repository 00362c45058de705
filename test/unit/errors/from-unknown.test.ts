import { create } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { describe, expect, test } from "vitest";
import { fault, reasonOf, rowOf, withMetadata } from "#errors/fault.ts";
import { faultFrom } from "#errors/from-unknown.ts";
import { reasons } from "#errors/reason.ts";
import { BadRequestSchema, ErrorInfoSchema } from "#gen/google/rpc/error_details_pb.js";

describe("what was thrown, and what becomes of it", () => {
  const rows = [
    ["an abort", new DOMException("x", "AbortError"), "CANCELLED", Code.Canceled],
    [
      "a time-out",
      new DOMException("x", "TimeoutError"),
      "DEADLINE_EXCEEDED",
      Code.DeadlineExceeded,
    ],
    [
      "Connect's refusal of a message",
      new ConnectError("bad", Code.InvalidArgument),
      "REQUEST_INVALID",
      Code.InvalidArgument,
    ],
    ["a number that is no code", new ConnectError("x", 99 as Code), "UNKNOWN", 99],
    ["a bug", new TypeError("x is not a function"), "INTERNAL", Code.Internal],
    ["something that is no error", "text", "INTERNAL", Code.Internal],
    ["nothing", undefined, "INTERNAL", Code.Internal],
  ] as const;
  for (const [name, thrown, reason, code] of rows) {
    test(`${name} is ${reason}`, () => {
      const error = faultFrom(thrown);
      expect([reasonOf(error), error.code]).toEqual([reason, code]);
    });
  }

  test("an error of others claims no more than its code says", () => {
    for (const [name, code] of Object.entries(Code)) {
      if (typeof code !== "number") continue;
      const reason = reasonOf(faultFrom(new ConnectError("x", code)));
      const snake = name.replace(/(?<=[a-z])(?=[A-Z])/g, "_").toUpperCase();
      const others: Record<string, string> = {
        INVALID_ARGUMENT: "REQUEST_INVALID",
        CANCELED: "CANCELLED",
      };
      expect(reason).toBe(others[snake] ?? snake);
      expect(reasons[reason ?? "INTERNAL"].code).toBe(code);
    }
  });

  test("metadata of an error is kept, every value of a name", () => {
    const metadata = new Headers([
      ["x-meta", "1"],
      ["set-cookie", "a=1"],
      ["set-cookie", "b=2"],
    ]);
    const error = faultFrom(new ConnectError("x", Code.NotFound, metadata));
    expect([...error.metadata]).toEqual([...metadata]);
    const more = withMetadata(error, { fact: "1" });
    expect([...more.metadata]).toEqual([...metadata]);
  });

  test("a fault stays the very same object", () => {
    const error = fault("RATE_LIMITED", "slow down");
    expect(faultFrom(error)).toBe(error);
  });

  test("a bug's text is not public, and is kept as the cause", () => {
    const bug = new TypeError("x is not a function");
    const error = faultFrom(bug);
    expect([error.rawMessage, error.cause]).toEqual(["internal error", bug]);
  });

  test("details that Connect's error carried are kept", () => {
    const thrown = new ConnectError("bad", Code.InvalidArgument);
    const value = create(BadRequestSchema, { fieldViolations: [{ field: "f", description: "d" }] });
    thrown.details.push({ desc: BadRequestSchema, value });
    expect(faultFrom(thrown).findDetails(BadRequestSchema)[0]?.fieldViolations[0]?.field).toBe("f");
  });

  test("a reason of somebody else's domain is not taken for ours", () => {
    const thrown = new ConnectError("x", Code.NotFound);
    const value = create(ErrorInfoSchema, { reason: "RATE_LIMITED", domain: "elsewhere" });
    thrown.details.push({ desc: ErrorInfoSchema, value });
    expect(reasonOf(thrown)).toBeUndefined();
    expect(reasonOf(faultFrom(thrown))).toBe("NOT_FOUND");
  });
});

test("every reason decides code, retry and log level, and a fault of it says so", () => {
  for (const reason of Object.keys(reasons) as (keyof typeof reasons)[]) {
    const error = fault(reason, "text");
    expect([error.code, rowOf(error)]).toEqual([reasons[reason].code, reasons[reason]]);
  }
});
