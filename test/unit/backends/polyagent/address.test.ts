/** The forms in which a core's address may be written. */

import { expect, test } from "vitest";
import { parseCoreAddress } from "#backends/polyagent/address.ts";

const rows = [
  ["http://core-1:8001", { authority: "core-1:8001", host: "core-1", port: 8001, tls: false }],
  ["http://core-1:8001/", { authority: "core-1:8001", host: "core-1", port: 8001, tls: false }],
  ["grpc://core-1:8001", { authority: "core-1:8001", host: "core-1", port: 8001, tls: false }],
  ["core-1:8001", { authority: "core-1:8001", host: "core-1", port: 8001, tls: false }],
  ["127.0.0.1:8001", { authority: "127.0.0.1:8001", host: "127.0.0.1", port: 8001, tls: false }],
  ["[::1]:8001", { authority: "[::1]:8001", host: "::1", port: 8001, tls: false }],
  ["HTTP://core-1:80", { authority: "core-1:80", host: "core-1", port: 80, tls: false }],
  ["http://core-1", { authority: "core-1:80", host: "core-1", port: 80, tls: false }],
  [
    "https://core.example",
    { authority: "core.example:443", host: "core.example", port: 443, tls: true },
  ],
  [
    "https://core.example:8443",
    { authority: "core.example:8443", host: "core.example", port: 8443, tls: true },
  ],
  [
    "grpcs://core.example:8443",
    { authority: "core.example:8443", host: "core.example", port: 8443, tls: true },
  ],
  ["core-1", undefined],
  ["grpc://core-1", undefined],
  ["http://", undefined],
  ["", undefined],
  ["http://core-1:99999", undefined],
  ["http://core-1:8001/path", undefined],
  ["http://user:secret@core-1:8001", undefined],
  ["unix:///run/core.sock", undefined],
  ["ftp://core-1:8001", undefined],
] as const;
test.each(rows)("%s", (url, address) => {
  expect(parseCoreAddress(url)).toEqual(address);
});
