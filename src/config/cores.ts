/** The cores of the file, each address once, and how they are trusted. */

import { resolve } from "node:path";
import { z } from "zod";
import { isCoreUrl } from "./address.ts";
import { coreDiscovery, discoveryFrom } from "./discovery.ts";
import type { EnvironmentRow } from "./environment-row.ts";
import type { Report } from "./report.ts";
import { host, text, textThat, wholeNumber } from "./scalar.ts";
import type { CoreSettings, CoreTlsSettings } from "./settings.ts";
import type { TlsFiles, TlsProblem } from "./tls-files.ts";

/** One of the section `cores`. */
export const core = z.strictObject({
  url: textThat("an address such as http://localhost:8001, without user, path or query", isCoreUrl)
    .optional()
    .describe("Address of a PolyAgent core; https:// for TLS."),
  discovery: coreDiscovery
    .optional()
    .describe("Instead of `url`: a DNS name; each of its addresses is a core."),
  weight: wholeNumber(1, 1_000).prefault(1).describe("Share of calls under `weighted`."),
  transport: z
    .enum(["http2", "grpc-js"])
    .default("http2")
    .describe("What speaks gRPC to it: the engine that comes with Polygate, or @grpc/grpc-js."),
  tls: z
    .strictObject({
      ca_file: text()
        .optional()
        .describe(
          "PEM authorities that its certificate is checked against; the system's if absent.",
        ),
      cert_file: text()
        .optional()
        .describe("PEM certificate chain that the gateway presents to it."),
      key_file: text().optional().describe("PEM private key of that certificate."),
      server_name: host().optional().describe("Name in its certificate; that in `url` if absent."),
    })
    .optional()
    .describe("How an https:// core is trusted."),
});

/** Environment names of the section. */
export const coresRows: readonly EnvironmentRow[] = [
  { name: "TWIN_URL", path: ["cores", "+"], value: (url) => ({ url }) },
];

/** What cores need to know of files. */
export interface CoreContext {
  /** Absolute; relative paths count from here. */
  readonly folder: string;
  readonly tlsProblems: (files: TlsFiles) => readonly TlsProblem[];
}

type FileCore = z.output<typeof core>[][number];

/** Cores in the order of the file. One that TWIN_URL repeats counts once and keeps its settings. */
export function coresFrom(
  cores: z.output<typeof core>[],
  context: CoreContext,
  report: Report,
): readonly CoreSettings[] {
  const compiled: CoreSettings[] = [];
  for (const [index, core] of cores.entries()) {
    const { weight, transport, tls } = core;
    const { address, discovery } = whereIs(core, (path, message, hint) =>
      report(["cores", index, ...path], message, hint),
    );
    if (address === undefined) continue;
    const { origin, protocol } = new URL(address);
    const twin = compiled.find((core) => core.url === origin);
    if (twin !== undefined) {
      if (weight !== 1 && weight !== twin.weight) {
        report(["cores", index], `repeats the address of ${twin.id} with another weight`);
      }
      continue;
    }
    const at: Report = (path, message) => report(["cores", index, "tls", ...path], message);
    if (tls !== undefined && protocol !== "https:") at([], notEncrypted(core));
    compiled.push({
      id: `core-${compiled.length + 1}`,
      url: origin,
      ...(discovery !== undefined && { discovery }),
      weight,
      transport,
      ...(tls !== undefined && { tls: tlsFrom(tls, context, at) }),
    });
  }
  return compiled;
}

function notEncrypted({ discovery }: FileCore): string {
  return discovery === undefined
    ? "needs a url that begins with https://"
    : "needs `scheme: https` in `discovery`";
}

/** The address of a core: its url, or one made from its discovery; undefined when it has neither. */
function whereIs({ url, discovery: written }: FileCore, report: Report) {
  if (written === undefined) {
    if (url === undefined) report(["url"], "is required", "or `discovery`");
    return { address: url };
  }
  if (url !== undefined) report(["discovery"], "cannot be combined with url", "keep one of them");
  const discovery = discoveryFrom(written);
  return { address: `${discovery.scheme}://${discovery.dns}`, discovery };
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
