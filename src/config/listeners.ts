/** Compiles the listeners from the several ways to configure them. */

import { resolve } from "node:path";
import { type SurfaceName, surfaceNames } from "#surface-table.ts";
import { type CorsReports, corsFrom } from "./cors.ts";
import type { Report } from "./report.ts";
import { jsonOptionsFrom } from "./rest-json.ts";
import type { FileConfig } from "./schema.ts";
import type { ListenerSettings, TlsSettings } from "./settings.ts";
import type { TlsFiles, TlsProblem } from "./tls-files.ts";

const everything: readonly SurfaceName[] = surfaceNames;

/** What programs need: the pages for people are at the port beside. */
const forPrograms = everything.filter((name) => name !== "portal");
/** What people need, with health and metrics, which are asked for at either port: no API of a vendor's. */
const forPeople: readonly SurfaceName[] = ["rpc", "rest", "portal", "admin", "metrics"];

/** The defaults of every listener. */
function sharedOf({
  host,
  http1_engine: http1Engine,
  http2_engine: http2Engine,
  allowed_hosts: allowedHosts,
  max_connection_age: maxMs,
  max_connection_age_grace: graceMs,
}: FileGateway) {
  return {
    ...(maxMs !== undefined && {
      connectionAge: { maxMs, ...(graceMs !== undefined && { graceMs }) },
    }),
    ...{ host, http1Engine, http2Engine, proxyProtocol: false },
    ...(allowedHosts !== undefined && { allowedHosts }),
  };
}

type FileGateway = FileConfig["gateway"];

/** What listeners need to know of files. */
export interface ListenerContext {
  /** Absolute; relative paths count from here. */
  readonly folder: string;
  readonly tlsProblems: (files: TlsFiles) => readonly TlsProblem[];
}

/** Where problems and warnings go. */
type Reports = Omit<CorsReports, "path">;

/** All listeners. Reports duplicate names and addresses, and TLS files that cannot be used. */
export function listenersFrom(
  config: FileConfig,
  context: ListenerContext,
  reports: Reports,
): readonly ListenerSettings[] {
  const { report } = reports;
  const { max_connection_age: ageMs, max_connection_age_grace: graceMs } = config.gateway;
  if (graceMs !== undefined && ageMs === undefined) {
    report(["gateway", "max_connection_age_grace"], "has no effect without max_connection_age");
  }
  const named = config.listeners;
  const all = named === undefined ? fromPorts(config, report) : fromList(config, context, reports);
  const serving = config.metrics.enabled ? withMetrics(all, config) : withoutMetrics(all);
  for (const [index, listener] of serving.entries()) {
    const clash = clashOf(listener, serving.slice(0, index));
    if (clash === undefined) continue;
    const isNamed = index < (named?.length ?? 0);
    report(isNamed ? ["listeners", index] : portPath(config, listener.name), clash);
  }
  return serving;
}

function clashOf(
  { name, host, port, serves }: ListenerSettings,
  earlier: readonly ListenerSettings[],
): string | undefined {
  if (serves.length === 0) return "serves nothing while metrics are off";
  if (earlier.some((one) => one.name === name)) return `is a second listener named ${name}`;
  const twin = earlier.find((one) => one.host === host && one.port === port && port !== 0);
  return twin && `has the host and port of listener ${twin.name}`;
}

/** The setting that a problem of a listener without an entry in `listeners` is reported at. */
function portPath({ gateway }: FileConfig, name: string): readonly string[] {
  if (name === "metrics") return ["metrics", "port"];
  if (gateway.ports !== undefined) return ["gateway", "ports"];
  // The other one may be a default, and a default is never reported.
  return ["gateway", gateway.api_port === undefined ? "portal_port" : "api_port"];
}

function fromPorts({ gateway }: FileConfig, report: Report): readonly ListenerSettings[] {
  const { port, ports, portal_port: portalPort, api_port: apiPort } = gateway;
  const shared = { ...sharedOf(gateway), serves: everything };
  const paired = portalPort !== undefined || apiPort !== undefined;
  const [first, second] = [
    ...(port === undefined ? [] : ["port"]),
    ...(ports === undefined ? [] : ["ports"]),
    ...(portalPort === undefined ? [] : ["portal_port"]),
    ...(apiPort === undefined ? [] : ["api_port"]),
  ];
  if (second !== undefined && first !== "portal_port") {
    report(
      ["gateway", second],
      `cannot be combined with ${first}`,
      "keep port, ports or portal_port and api_port",
    );
  }
  if (paired) {
    return [
      { ...shared, name: "portal", port: portalPort ?? 8080, serves: forPeople },
      { ...shared, name: "api", port: apiPort ?? 8081, serves: forPrograms },
    ];
  }
  if (ports !== undefined) {
    return ports.map((one, index) => ({ ...shared, name: `gateway-${index + 1}`, port: one }));
  }
  return [{ ...shared, name: "gateway", port: port ?? 8080 }];
}

function fromList(
  { gateway, listeners = [], trusted_proxies: proxies }: FileConfig,
  context: ListenerContext,
  reports: Reports,
): readonly ListenerSettings[] {
  const { report } = reports;
  for (const key of ["port", "ports", "portal_port", "api_port"] as const) {
    if (gateway[key] !== undefined) {
      report(
        ["gateway", key],
        "has no effect together with `listeners`",
        "name ports in one place only",
      );
    }
  }
  const shared = sharedOf(gateway);
  return listeners.map((one, index) => {
    const { name, port, serves, rest, tls } = one;
    if (rest !== undefined && !serves.includes("rest") && !serves.includes("admin")) {
      report(["listeners", index, "rest"], "has no effect: `serves` leaves rest and admin out");
    }
    if (one.proxy_protocol && proxies.length === 0) {
      const path = ["listeners", index, "proxy_protocol"];
      report(path, "trusts no one", "name the proxy under `trusted_proxies`");
    }
    const json = rest && jsonOptionsFrom(rest.json);
    const { connectionAge } = shared;
    const settings = {
      ...(connectionAge !== undefined && { connectionAge }),
      name,
      port,
      serves,
      host: one.host ?? shared.host,
      http1Engine: one.http1_engine ?? shared.http1Engine,
      http2Engine: one.http2_engine ?? shared.http2Engine,
      ...(json !== undefined && { json }),
      ...originsAndHosts(one, { shared, path: ["listeners", index, "cors"], ...reports }),
      proxyProtocol: one.proxy_protocol,
      ...(one.trace_context !== undefined && { traceContext: one.trace_context }),
    };
    if (tls === undefined) return settings;
    const at = ["listeners", index, "tls"];
    return {
      ...settings,
      tls: tlsFrom(tls, context, (path, message) => report([...at, ...path], message)),
    };
  });
}

/** Whose pages may call a listener, and by which names it is called. */
function originsAndHosts(
  { cors: own, allowed_hosts: hosts }: NonNullable<FileConfig["listeners"]>[number],
  { shared, ...reports }: CorsReports & { readonly shared: ReturnType<typeof sharedOf> },
): Pick<ListenerSettings, "cors" | "allowedHosts"> {
  const allowedHosts = hosts ?? shared.allowedHosts;
  return {
    ...(own !== undefined && { cors: corsFrom(own, reports) ?? "off" }),
    ...(allowedHosts !== undefined && { allowedHosts }),
  };
}

type FileTls = NonNullable<NonNullable<FileConfig["listeners"]>[number]["tls"]>;

function tlsFrom(
  tls: FileTls,
  { folder, tlsProblems }: ListenerContext,
  report: Report,
): TlsSettings {
  if (tls.client_auth !== "none" && tls.ca_file === undefined) {
    report(["ca_file"], "is required to check client certificates");
  }
  const files = {
    certFile: resolve(folder, tls.cert_file),
    keyFile: resolve(folder, tls.key_file),
    ...(tls.ca_file !== undefined && { caFile: resolve(folder, tls.ca_file) }),
  };
  for (const { key, message } of tlsProblems(files)) report([key], message);
  return { ...files, clientAuth: tls.client_auth };
}

/** Adds the listener of `metrics.port`, unless that very address serves metrics already. */
function withMetrics(
  listeners: readonly ListenerSettings[],
  { gateway, metrics: { port } }: FileConfig,
): readonly ListenerSettings[] {
  const shared = sharedOf(gateway);
  const there = listeners.some(
    (one) =>
      one.host === shared.host && one.port === port && port !== 0 && one.serves.includes("metrics"),
  );
  if (port === undefined || there) return listeners;
  return [...listeners, { ...shared, name: "metrics", port, serves: ["metrics"] }];
}

function withoutMetrics(listeners: readonly ListenerSettings[]): readonly ListenerSettings[] {
  return listeners.map((one) => ({
    ...one,
    serves: one.serves.filter((surface) => surface !== "metrics"),
  }));
}
