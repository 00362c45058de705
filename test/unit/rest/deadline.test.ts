/** Deadlines of the three header fields. */

import { ConnectError } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { BadRequestSchema } from "#gen/google/rpc/error_details_pb.js";
import { timeoutMsFrom } from "#rest/deadline.ts";

const read = (headers: Readonly<Record<string, string>>) => timeoutMsFrom((name) => headers[name]);

test.for([
  { name: "none", headers: {}, timeoutMs: undefined },
  { name: "hours", headers: { "grpc-timeout": "2H" }, timeoutMs: 7_200_000 },
  { name: "minutes", headers: { "grpc-timeout": "3M" }, timeoutMs: 180_000 },
  { name: "milliseconds", headers: { "grpc-timeout": "250m" }, timeoutMs: 250 },
  { name: "nanoseconds", headers: { "grpc-timeout": "1500000n" }, timeoutMs: 1.5 },
  { name: "zero", headers: { "grpc-timeout": "0S" }, timeoutMs: 0 },
  { name: "Connect's", headers: { "connect-timeout-ms": "1234" }, timeoutMs: 1234 },
  { name: "seconds of several digits", headers: { "x-server-timeout": "12" }, timeoutMs: 12_000 },
  { name: "seconds with a fraction", headers: { "x-server-timeout": "0.25" }, timeoutMs: 250 },
  {
    name: "the shortest of several",
    headers: { "grpc-timeout": "9S", "connect-timeout-ms": "80", "x-server-timeout": "1" },
    timeoutMs: 80,
  },
  {
    name: "more than a timer can wait",
    headers: { "grpc-timeout": "99999999H" },
    timeoutMs: 2 ** 31 - 1,
  },
])("$name", ({ headers, timeoutMs }) => {
  expect(read(headers)).toBe(timeoutMs);
});

test.for([
  ["grpc-timeout", ""],
  ["grpc-timeout", "5"],
  ["grpc-timeout", "123456789S"],
  ["grpc-timeout", "-1S"],
  ["grpc-timeout", "1h"],
  ["connect-timeout-ms", "1.5"],
  ["connect-timeout-ms", "12345678901"],
  ["x-server-timeout", "soon"],
  ["x-server-timeout", "1e3"],
  ["x-server-timeout", "-1"],
] as const)("%s: %s is refused by its name", ([header, text]) => {
  let error: unknown;
  try {
    read({ [header]: text });
  } catch (thrown) {
    error = thrown;
  }
  if (!(error instanceof ConnectError)) throw error;
  expect(error.rawMessage).toMatch(new RegExp(`^${header}: expected \\S`));
  const description = error.rawMessage.slice(header.length + 2);
  expect(error.findDetails(BadRequestSchema)[0]?.fieldViolations).toMatchObject([
    { field: header, description },
  ]);
});
