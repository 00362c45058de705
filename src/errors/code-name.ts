/** The names of status codes, as gRPC spells them. */

import { Code } from "@connectrpc/connect";

const names = new Map(
  Object.entries(Code)
    .filter((entry): entry is [string, Code] => typeof entry[1] === "number")
    .map(([name, code]) => [code, name.replace(/(?<=[a-z])(?=[A-Z])/g, "_").toUpperCase()]),
);
// gRPC spells this one with two Ls (grpc/status.h).
names.set(Code.Canceled, "CANCELLED");

/** Such as NOT_FOUND; UNKNOWN for a number that is no code. */
export function codeName(code: Code): string {
  return names.get(code) ?? "UNKNOWN";
}
