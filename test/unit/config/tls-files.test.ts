import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { type TlsFiles, tlsProblems } from "#config/tls-files.ts";
import { ConfigFolder } from "../../support/config-folder.ts";
import { serverTls } from "../../support/tls.ts";

test("the files of a good listener have no problem", () => {
  expect(tlsProblems(serverTls)).toEqual([]);
  expect(tlsProblems({})).toEqual([]);
});

const encrypted =
  "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIIB\n-----END ENCRYPTED PRIVATE KEY-----\n";
const rows: readonly { name: string; files: TlsFiles; problems: readonly string[] }[] = [
  {
    name: "a file that is not there",
    files: { ...serverTls, keyFile: "none.key" },
    problems: ["key_file: cannot be read"],
  },
  {
    name: "text that is no PEM, file by file",
    files: { certFile: "text", keyFile: "text", caFile: "text" },
    problems: [
      "cert_file: holds no PEM certificate",
      "key_file: holds no PEM private key that opens without a passphrase",
      "ca_file: holds no PEM certificate",
    ],
  },
  {
    name: "a key in the place of the certificate",
    files: { ...serverTls, certFile: serverTls.keyFile },
    problems: ["cert_file: holds no PEM certificate"],
  },
  {
    name: "a key that asks for a passphrase",
    files: { ...serverTls, keyFile: "encrypted" },
    problems: ["key_file: holds no PEM private key that opens without a passphrase"],
  },
  {
    name: "a file without end",
    files: { ...serverTls, caFile: "/dev/zero" },
    problems: ["ca_file: is larger than 1048576 bytes"],
  },
  {
    name: "the key of another certificate",
    files: { ...serverTls, keyFile: "other" },
    problems: ["key_file: is not the key of the certificate in `cert_file`"],
  },
];
test.each(rows)("$name is told", ({ files, problems }) => {
  const other = readFileSync(serverTls.keyFile.replace("server.key", "client.key"));
  using folder = new ConfigFolder({ text: "certificate", encrypted, other });
  const there = Object.fromEntries(
    Object.entries(files).map(([key, file]) => [
      key,
      file.startsWith("/") ? file : `${folder.path}/${file}`,
    ]),
  );
  expect(tlsProblems(there).map(({ key, message }) => `${key}: ${message}`)).toEqual(problems);
});
