/** `tls` of backends: how an encrypted one is trusted, and the gateway by it. */

import { resolve } from "node:path";
import { z } from "zod";
import { text } from "#yaml/scalar.ts";
import { host } from "./address.ts";
import type { Report } from "./report.ts";
import type { CoreTlsSettings } from "./settings.ts";
import type { TlsFiles, TlsProblem } from "./tls-files.ts";

/** The files that an encrypted backend is trusted by. */
export const tlsSchema = z.strictObject({
  ca_file: text()
    .optional()
    .describe("PEM authorities that its certificate is checked against; the system's if absent."),
  cert_file: text().optional().describe("PEM certificate chain that the gateway presents to it."),
  key_file: text().optional().describe("PEM private key of that certificate."),
  server_name: host().optional().describe("Name in its certificate; that in `url` if absent."),
});

/** What is to be known of files. */
export interface BackendTlsContext {
  /** Absolute; relative paths count from here. */
  readonly folder: string;
  readonly tlsProblems: (files: TlsFiles) => readonly TlsProblem[];
}

/** Absolute paths of files that can be read; what is wrong with them is reported by their keys. */
export function tlsFrom(
  tls: z.output<typeof tlsSchema>,
  { folder, tlsProblems }: BackendTlsContext,
  report: Report,
): CoreTlsSettings {
  const { ca_file: ca, cert_file: cert, key_file: key, server_name: serverName } = tls;
  if (cert !== undefined && key === undefined) report(["key_file"], "is required by `cert_file`");
  if (key !== undefined && cert === undefined) report(["cert_file"], "is required by `key_file`");
  const files = {
    ...(ca !== undefined && { caFile: resolve(folder, ca) }),
    ...(cert !== undefined && { certFile: resolve(folder, cert) }),
    ...(key !== undefined && { keyFile: resolve(folder, key) }),
  };
  for (const problem of tlsProblems(files)) report([problem.key], problem.message);
  return { ...files, ...(serverName !== undefined && { serverName }) };
}
