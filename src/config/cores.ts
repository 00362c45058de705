/** The cores of the file, each address once, and how they are trusted. */

import { z } from "zod";
import type { DiscoverySettings } from "#backends/discovery-settings.ts";
import { textThat, wholeNumber } from "#yaml/scalar.ts";
import { type CoreAddress, coreAddressOf } from "./address.ts";
import { type BackendTlsContext, tlsFrom, tlsSchema } from "./backend-tls.ts";
import { coreDiscovery, type DiscoveryContext, discoveryFrom } from "./discovery.ts";
import type { EnvironmentRow } from "./environment-row.ts";
import type { Report } from "./report.ts";
import type { CoreSettings } from "./settings.ts";

/** What a core may be called beside its number; all but twins answer questions, in this order. */
const coreServices = ["twin", "agent_controller", "knowledge_system"] as const;

/** One of the section `cores`. */
export const core = z.strictObject({
  url: textThat(
    "an address such as http://localhost:8001, without user, path or query",
    (written) => coreAddressOf(written) !== undefined,
  )
    .optional()
    .describe("Address of a core; https:// or grpcs:// for TLS."),
  discovery: coreDiscovery
    .optional()
    .describe("Instead of `url`: a name in DNS or Kubernetes; each of its addresses is a core."),
  weight: wholeNumber(1, 1_000).prefault(1).describe("Share of calls under `weighted`."),
  protocol: z
    .enum(["grpc", "http", "auto"])
    .default("grpc")
    .describe(
      "What it speaks: gRPC as a PolyAgent core, or HTTP with JSON at `/v1/chat`, and at `/v1/query` as a service of questions; `auto` lets its first health check find out.",
    ),
  service: z
    .enum(coreServices)
    .optional()
    .describe(
      "`agent_controller` and `knowledge_system` answer the questions of `/v1/query`, the second after the first; `twin` is what `/healthz` calls a core of chats. A core of chats when absent.",
    ),
  transport: z
    .enum(["http2", "grpc-js"])
    .default("http2")
    .describe("What speaks gRPC to it: the engine that comes with Polygate, or @grpc/grpc-js."),
  tls: tlsSchema.optional().describe("How an https:// core is trusted."),
  identity: z
    .enum(["none", "plain", "signed"])
    .default("none")
    .describe(
      "How it learns who calls: `plain` by the headers `x-polygate-principal`, `x-polygate-scopes` and `x-polygate-group`, `signed` by the token `x-polygate-identity`, good for 60 s.",
    ),
});

/** One more core, which may speak gRPC or HTTP. */
const coreAt = (name: string, service: (typeof coreServices)[number]): EnvironmentRow => ({
  name,
  path: ["cores", "+"],
  value: (url) => ({ url, service, protocol: "auto" }),
});

/** Environment names of the section. */
export const coresRows: readonly EnvironmentRow[] = [
  coreAt("TWIN_URL", "twin"),
  coreAt("AGENT_CONTROLLER_URL", "agent_controller"),
  coreAt("KNOWLEDGE_SYSTEM_URL", "knowledge_system"),
];

/** What cores need to know of files. */
export type CoreContext = BackendTlsContext & DiscoveryContext;

type FileCore = z.output<typeof core>[][number];

/**
 * Cores in the order of the file, those of the environment after them. An address that is named twice
 * for one purpose counts once, with the settings that came first: TWIN_URL may repeat one of the file.
 */
export function coresFrom(
  cores: z.output<typeof core>[],
  context: CoreContext,
  report: Report,
): readonly CoreSettings[] {
  const compiled: CoreSettings[] = [];
  for (const [index, core] of cores.entries()) {
    const at: Report = (path, message, hint) => report(["cores", index, ...path], message, hint);
    const where = whereIs(core, context, at);
    if (where === undefined) continue;
    const same = compiled.findIndex(
      ({ url, service }) => url === where.origin && poolOf(service) === poolOf(core.service),
    );
    const first = compiled[same];
    if (first === undefined) {
      compiled.push(coreFrom(core, where, { ...context, id: idOf(core, compiled), report: at }));
      continue;
    }
    if (core.weight !== 1 && core.weight !== first.weight) {
      at([], `repeats the address of ${first.id} with another weight`);
    }
    if (core.service !== undefined) compiled[same] = { ...first, service: core.service };
  }
  return compiled;
}

/** What the core is one of: the cores of chats, or those of one service of questions. */
function poolOf(service: CoreSettings["service"]): string {
  return service === undefined || service === "twin" ? "core" : service;
}

function idOf({ service }: FileCore, others: readonly CoreSettings[]): string {
  const pool = poolOf(service);
  return `${pool}-${1 + others.filter((other) => poolOf(other.service) === pool).length}`;
}

function coreFrom(
  { weight, protocol, service, transport, tls, identity }: FileCore,
  { origin, isGrpc, discovery }: CorePlace,
  { id, report, ...context }: CoreContext & { readonly id: string; readonly report: Report },
): CoreSettings {
  if (isGrpc && protocol === "http") {
    report(["protocol"], "cannot be http at a grpc:// address", "write http:// or https://");
  }
  if (tls !== undefined && !origin.startsWith("https:")) {
    report(["tls"], notEncrypted(discovery !== undefined));
  }
  const ofTls: Report = (path, message) => report(["tls", ...path], message);
  return {
    id,
    url: origin,
    ...(discovery !== undefined && { discovery }),
    weight,
    protocol: isGrpc ? "grpc" : protocol,
    ...(service !== undefined && { service }),
    transport,
    ...(identity !== "none" && { identity }),
    ...(tls !== undefined && { tls: tlsFrom(tls, context, ofTls) }),
  };
}

function notEncrypted(isDiscovered: boolean): string {
  return isDiscovered
    ? "needs `scheme: https` in `discovery`"
    : "needs a url that begins with https://";
}

/** Where a core is. */
interface CorePlace extends CoreAddress {
  readonly discovery?: DiscoverySettings;
}

/** Its url, or the name that stands for one; undefined when it has neither. */
function whereIs(
  { url, discovery: written }: FileCore,
  context: DiscoveryContext,
  report: Report,
): CorePlace | undefined {
  if (written === undefined) {
    if (url === undefined) report(["url"], "is required", "or `discovery`");
    return url === undefined ? undefined : coreAddressOf(url);
  }
  if (url !== undefined) report(["discovery"], "cannot be combined with url", "keep one of them");
  const ofDiscovery: Report = (path, ...words) => report(["discovery", ...path], ...words);
  const discovery = discoveryFrom(written, context, ofDiscovery);
  if (discovery === undefined) return undefined;
  const named = `${discovery.scheme}://${discovery.written}`;
  // The port of a service of Kubernetes may be a name, which no URL has.
  const origin = discovery.source === "dns" ? new URL(named).origin : named;
  return { origin, isGrpc: false, discovery };
}
