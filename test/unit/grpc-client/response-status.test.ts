/** How the end of an answer is read, whatever a server or something before it sends. */

import { Code } from "@connectrpc/connect";
import { describe, expect, test } from "vitest";
import { errorOfResponse, messageFromWire, metadataOf } from "#grpc-client/response-status.ts";
import { Field } from "#http2/field.ts";

function fieldsOf(fields: Readonly<Record<string, string>>): Field[] {
  return Object.entries(fields).map(([name, value]) => new Field(name, value));
}

const grpc = { "content-type": "application/grpc" };

interface Answer {
  readonly status?: number;
  readonly head?: Readonly<Record<string, string>>;
  readonly trailers?: Readonly<Record<string, string>>;
  readonly hasBody?: boolean;
}

function errorOf({ status = 200, head = grpc, trailers = {}, hasBody = true }: Answer) {
  return errorOfResponse({ status, fields: fieldsOf(head), trailers: fieldsOf(trailers) }, hasBody);
}

describe("the code of an answer", () => {
  const rows: readonly { name: string; answer: Answer; code: Code | undefined }[] = [
    { name: "status 0 is success", answer: { trailers: { "grpc-status": "0" } }, code: undefined },
    {
      name: "trailers tell the code",
      answer: { trailers: { "grpc-status": "5" } },
      code: Code.NotFound,
    },
    {
      name: "one block of fields may be all (Trailers-Only)",
      answer: { head: { ...grpc, "grpc-status": "9" }, hasBody: false },
      code: Code.FailedPrecondition,
    },
    {
      name: "a subtype of application/grpc is one",
      answer: {
        head: { "content-type": "application/grpc+proto" },
        trailers: { "grpc-status": "0" },
      },
      code: undefined,
    },
    {
      name: "a head's status does not count when a body follows",
      answer: { head: { ...grpc, "grpc-status": "0" } },
      code: Code.Internal,
    },
    { name: "no status is INTERNAL", answer: {}, code: Code.Internal },
    {
      name: "a status that is no number is UNKNOWN",
      answer: { trailers: { "grpc-status": "NaN" } },
      code: Code.Unknown,
    },
    {
      name: "a number that gRPC does not have is UNKNOWN",
      answer: { trailers: { "grpc-status": "17" } },
      code: Code.Unknown,
    },
    {
      name: "another content type is UNKNOWN, whatever the trailers say",
      answer: { head: { "content-type": "text/html" }, trailers: { "grpc-status": "0" } },
      code: Code.Unknown,
    },
    {
      name: "application/grpc-web is another content type",
      answer: { head: { "content-type": "application/grpc-web" } },
      code: Code.Unknown,
    },
    {
      name: "a status of gRPC counts more than that of HTTP",
      answer: { status: 503, head: { ...grpc, "grpc-status": "8" }, hasBody: false },
      code: Code.ResourceExhausted,
    },
  ];
  test.each(rows)("$name", ({ answer, code }) => {
    expect(errorOf(answer)?.code).toBe(code);
  });

  const statuses = [
    [400, Code.Internal],
    [401, Code.Unauthenticated],
    [403, Code.PermissionDenied],
    [404, Code.Unimplemented],
    [429, Code.Unavailable],
    [502, Code.Unavailable],
    [503, Code.Unavailable],
    [504, Code.Unavailable],
    [302, Code.Unknown],
    [500, Code.Unknown],
  ] as const;
  test.each(statuses)("HTTP %d without a status of gRPC: %d", (status, code) => {
    expect(errorOf({ status, head: { "content-type": "text/plain" } })?.code).toBe(code);
    expect(errorOf({ status, head: grpc })?.code).toBe(code);
  });
});

describe("grpc-message", () => {
  const rows = [
    ["plain", "plain"],
    ["a%20b%25", "a b%"],
    ["%E2%98%BA %f0%9f%98%88", "☺ 😈"],
    ["100%", "100%"],
    ["%zz%4", "%zz%4"],
  ] as const;
  test.each(rows)("%s is read as %s", (wire, text) => {
    expect(messageFromWire(wire)).toBe(text);
  });
});

test("details and metadata come with the error; gRPC's own fields are no metadata", () => {
  const trailers = {
    "grpc-status": "3",
    "grpc-message": "bad",
    "grpc-status-details-bin": Buffer.from("told").toString("base64url").replace(/=/g, ""),
    "x-end": "yes",
  };
  const error = errorOf({ trailers });
  expect(error?.message).toBe("bad");
  expect(Buffer.from(error?.details ?? []).toString()).toBe("told");
  expect([...(error?.trailer ?? [])]).toEqual([["x-end", "yes"]]);
});

test("values of one name are joined, and looked up in any case", () => {
  const metadata = metadataOf([new Field("x-a", "1"), new Field("x-a", "2")]);
  expect(metadata.get("X-A")).toBe("1, 2");
  expect([...metadata]).toEqual([["x-a", "1, 2"]]);
  expect(metadata.get("grpc-status")).toBeNull();
});
