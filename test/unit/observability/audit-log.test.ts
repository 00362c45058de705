import { mkdirSync, readFileSync, renameSync, rmdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { AppendedFile } from "#observability/appended-file.ts";
import { auditLine, openAuditLog } from "#observability/audit-log.ts";
import type { CallRecord } from "#observability/call-record.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";

const record: CallRecord = {
  ...{ requestId: "r", listener: "l", port: 1, clientAddress: "192.0.2.1", httpMethod: "GET" },
  ...{ httpVersion: "2", startMs: 0, endpoint: "/x", status: 200, called: true },
};
const denied = {
  ...{ procedure: "S/M", code: "UNAUTHENTICATED", reason: "CREDENTIAL_MISSING", denied: true },
  level: "info",
} as const;

test("what decided nothing has no line", () => {
  expect(auditLine(record, undefined)).toBeUndefined();
  expect(auditLine(record, { procedure: "S/M", code: "OK", level: "info" })).toBeUndefined();
});

test("a denied call of a scope is denied, a failed one allowed", () => {
  const failed = { ...denied, denied: false, code: "NOT_FOUND", scope: "admin" };
  expect(JSON.parse(auditLine(record, failed) ?? "")).toMatchObject({
    decision: "allowed",
    code: "NOT_FOUND",
  });
  const refused = { ...denied, scope: "admin" };
  expect(JSON.parse(auditLine(record, refused) ?? "")).toMatchObject({ decision: "denied" });
});

test("lines that find no room are dropped and counted", async () => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, "audit.log");
  let lost = 0;
  const log = openAuditLog({ output: path }, { onLost: (lines) => (lost += lines) });
  const all = 40_000;
  for (let count = 0; count < all; count += 1) log.ended(record, denied);
  await log[Symbol.asyncDispose]();
  const written = readFileSync(path, "utf8").split("\n").length - 1;
  expect(written).toBeGreaterThan(1000);
  expect(statSync(path).size).toBeLessThanOrEqual(4 * 1024 * 1024);
  expect(lost).toBe(all - written);
});

test("a disk that fails costs lines, which are counted, and no more", async () => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, "audit.log");
  const lost: string[] = [];
  const file = new AppendedFile(path, (bytes) => lost.push(String(bytes)));
  const write = (text: string) => new Promise<void>((resolve) => file.write(text, () => resolve()));
  await write("first\n");
  renameSync(path, join(folder.path, "audit.log.1"));
  mkdirSync(path);
  file.reopen();
  await write("second\n");
  rmdirSync(path);
  await write("third\n");
  expect(lost).toEqual(["second\n"]);
  expect(readFileSync(path, "utf8")).toBe("third\n");
  expect(statSync(path).mode & 0o007).toBe(0);
  file.destroy();
});
