/** Addresses that the file may name. */

import { expect, test } from "vitest";
import { coreAddressOf, isAddressBlock, isHost, isOrigin, isPostgresUrl } from "#config/address.ts";

test.each([
  ["*", true],
  ["https://app.example.com", true],
  ["http://localhost:3000", true],
  ["https://app.example.com/", false],
  ["app.example.com", false],
  ["null", false],
])("isOrigin(%s) is %s", (written, is) => expect(isOrigin(written)).toBe(is));

test.each([
  ["http://localhost:8001", { origin: "http://localhost:8001", isGrpc: false }],
  ["https://[::1]:8001/", { origin: "https://[::1]:8001", isGrpc: false }],
  ["grpc://localhost:8001", { origin: "http://localhost:8001", isGrpc: true }],
  ["GRPCS://localhost:443/", { origin: "https://localhost", isGrpc: true }],
  ["grpc://localhost", undefined],
  ["grpc://localhost:8001/path", undefined],
  ["grpc://user:secret@localhost:8001", undefined],
  ["grpcx://localhost:8001", undefined],
  ["ftp://localhost", undefined],
  ["ws://localhost", undefined],
  ["", undefined],
  ["localhost:8001", undefined],
  ["http://user:secret@localhost", undefined],
  ["http://user@localhost", undefined],
  ["http://:secret@localhost", undefined],
  ["http://localhost/path", undefined],
  ["http://localhost?x=1", undefined],
])("the address of a core is read from %s", (written, address) =>
  expect(coreAddressOf(written)).toEqual(address),
);

test.each([
  ["localhost", true],
  ["core_1.internal.", true],
  ["10.0.0.1", true],
  ["fd00::1", true],
  ["1.pool.example.com", true],
  ["3com.example", true],
  ["123", false],
  ["10.0.0.256", false],
  ["core.1.", false],
  ["[::1]", false],
  [`${"a".repeat(63)}.example`, true],
  [`${"a".repeat(64)}.example`, false],
  [`${"abcd.".repeat(50)}abc`, true],
  [`${"abcd.".repeat(50)}abcd`, false],
  ["a-.example", false],
  ["-a.example", false],
  ["a..b", false],
  ["", false],
])("isHost(%s) is %s", (written, is) => expect(isHost(written)).toBe(is));

test.each([
  ["10.0.0.0/8", true],
  ["127.0.0.1", true],
  ["fd00::/8", true],
  ["::1/128", true],
  ["10.0.0.0/33", false],
  ["10.0.0/8", false],
  ["10.0.0.0/", false],
  ["10.0.0.0/ 8", false],
  ["10.0.0.0/0x8", false],
  ["/8", false],
  ["10.0.0.0/8/8", false],
  ["localhost", false],
])("isAddressBlock(%s) is %s", (written, is) => expect(isAddressBlock(written)).toBe(is));

test.each([
  ["postgres://localhost/db", true],
  ["postgresql://user:secret@db:5432/stats?sslmode=require", true],
  ["mysql://localhost/db", false],
  ["localhost/db", false],
  ["", false],
])("isPostgresUrl(%s) is %s", (written, is) => expect(isPostgresUrl(written)).toBe(is));
