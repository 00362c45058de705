/** The cores of the file, each address once, and how they are trusted. */

import { resolve } from "node:path";
import type { Report } from "./report.ts";
import type { FileConfig } from "./schema.ts";
import type { CoreSettings, CoreTlsSettings } from "./settings.ts";
import type { TlsFiles, TlsProblem } from "./tls-files.ts";

/** What cores need to know of files. */
export interface CoreContext {
  /** Absolute; relative paths count from here. */
  readonly folder: string;
  readonly tlsProblems: (files: TlsFiles) => readonly TlsProblem[];
}

type FileCore = FileConfig["cores"][number];

/** Cores in the order of the file. One that TWIN_URL repeats counts once and keeps its settings. */
export function coresFrom(
  cores: FileConfig["cores"],
  context: CoreContext,
  report: Report,
): readonly CoreSettings[] {
  const compiled: CoreSettings[] = [];
  for (const [index, { url, weight, transport, tls }] of cores.entries()) {
    const { origin, protocol } = new URL(url);
    const twin = compiled.find((core) => core.url === origin);
    if (twin !== undefined) {
      if (weight !== 1 && weight !== twin.weight) {
        report(["cores", index], `has the address of ${twin.id} and another weight`);
      }
      continue;
    }
    const at: Report = (path, message) => report(["cores", index, "tls", ...path], message);
    if (tls !== undefined && protocol !== "https:") at([], "needs a url that begins with https://");
    compiled.push({
      id: `core-${compiled.length + 1}`,
      url: origin,
      weight,
      transport,
      ...(tls !== undefined && { tls: tlsFrom(tls, context, at) }),
    });
  }
  return compiled;
}

function tlsFrom(
  tls: NonNullable<FileCore["tls"]>,
  { folder, tlsProblems }: CoreContext,
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
