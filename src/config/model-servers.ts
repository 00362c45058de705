/** The section `model_servers`: groups of servers that run models elsewhere. */

import { z } from "zod";
import type { DiscoverySettings } from "#backends/discovery-settings.ts";
import { parseCoreAddress } from "#backends/polyagent/address.ts";
import type {
  ModelServerEndpoint,
  ModelServerProtocol,
  ModelServersSettings,
} from "#catalog/model-servers-settings.ts";
import { algorithms } from "#routing/balancer.ts";
import type { Path } from "#yaml/problem.ts";
import { text, wholeNumber } from "#yaml/scalar.ts";
import { adaptiveConcurrency, concurrencyFrom } from "./adaptive-concurrency.ts";
import { type BackendTlsContext, tlsFrom, tlsSchema } from "./backend-tls.ts";
import { type DiscoveryContext, discoveryFrom, modelServerDiscovery } from "./discovery.ts";
import type { EnvironmentRow } from "./environment-row.ts";
import type { Report } from "./report.ts";

const modelName = () => text("a name of up to 256 characters", /^\S.{0,255}$/);

const endpoint = z.strictObject({
  url: text("an address without spaces", /^\S+$/).describe(
    "`grpc://host:port`, `grpcs://` for TLS; of the Open Inference Protocol `http://` and `https://`, too, for its REST form.",
  ),
  weight: wholeNumber(1, 1_000).prefault(1).describe("Share of calls under `weighted`."),
});

const group = z.strictObject({
  protocol: z
    .enum(["tensorflow", "oip"])
    .optional()
    .describe(
      "What they speak: `tensorflow` is TensorFlow Serving, `oip` the Open Inference Protocol (Triton, KServe, OpenVINO). By the name where it is `tensorflow` or `onnx-runtime`.",
    ),
  endpoints: z
    .array(endpoint)
    .min(1)
    .max(256)
    .optional()
    .describe(
      "Servers that have the same models. TENSORFLOW_SERVING_URL sets those of `tensorflow`, ONNX_RUNTIME_URL those of `onnx-runtime`, with commas between them.",
    ),
  discovery: modelServerDiscovery
    .optional()
    .describe(
      "Instead of `endpoints`: a name in DNS or Kubernetes; each of its addresses is a server.",
    ),
  algorithm: z
    .enum(algorithms)
    .default("least_connections")
    .describe("Which of them gets the next call."),
  max_concurrent: wholeNumber(1, 100_000)
    .optional()
    .describe("Calls that each of them has at one time; any number when absent."),
  adaptive_concurrency: adaptiveConcurrency(),
  models: z
    .array(modelName())
    .max(1_000)
    .prefault([])
    .describe(
      "Models that are listed from the start, and of which one must be available for a server to count as healthy. Others are asked for when a call names them.",
    ),
  aliases: z
    .record(modelName(), modelName())
    .prefault({})
    .describe("Names of models here, and the servers' own names for them."),
  preferred: z
    .array(modelName())
    .max(1_000)
    .prefault([])
    .describe(
      "Models that these servers are asked for first, although this process has them, too; else the other way round.",
    ),
  cached: z
    .array(modelName())
    .max(1_000)
    .prefault([])
    .describe(
      "Models whose responses are kept for equal requests, in the bounds of `cache`; by their names here. A model of this process says so in its `model.yaml`.",
    ),
  tls: tlsSchema.optional().describe("How servers with TLS are trusted."),
});

/** The section of the file. */
export const modelServersSchema = z
  .record(text("a name of letters, digits, `-`, `_` and `.`", /^[\w.-]{1,64}$/), group)
  .prefault({})
  .describe("Servers that run models: groups by name, asked in this order.");

type FileGroup = z.output<typeof group>;

/** The endpoints of a group, with commas between them. */
const serversOf = (name: string, group: string): EnvironmentRow => ({
  name,
  path: ["model_servers", group, "endpoints"],
  value: (said) => said.split(",").map((url) => ({ url: url.trim() })),
});

/** Environment names of the section. */
export const modelServersRows: readonly EnvironmentRow[] = [
  serversOf("TENSORFLOW_SERVING_URL", "tensorflow"),
  serversOf("ONNX_RUNTIME_URL", "onnx-runtime"),
];

/** Names that say what is spoken. */
const protocols: ReadonlyMap<string, ModelServerProtocol> = new Map([
  ["tensorflow", "tensorflow"],
  ["oip", "oip"],
  ["onnx-runtime", "oip"],
]);

/** Pools that are there anyway. */
const taken: ReadonlySet<string> = new Set(["onnx", "polyagent", "embedded"]);

/** What groups need to know besides the file. */
export interface ModelServersContext extends BackendTlsContext, DiscoveryContext {
  /** Names of providers, whose pools these stand next to. */
  readonly providers: ReadonlySet<string>;
}

/** Groups in the order of the file; those of the environment come last. */
export function modelServersFrom(
  groups: Readonly<Record<string, FileGroup>>,
  context: ModelServersContext,
  { report, warn }: { readonly report: Report; readonly warn: Report },
): ModelServersSettings[] {
  return Object.entries(groups).flatMap(([name, written]) => {
    const path: Path = ["model_servers", name];
    const protocol = written.protocol ?? protocols.get(name);
    if (protocol === undefined) {
      report([...path, "protocol"], "is required", "tensorflow or oip");
      return [];
    }
    if (taken.has(name) || context.providers.has(name)) {
      report(path, "has the name of another backend", "give it one of its own");
    }
    const { algorithm, models, aliases, preferred, cached, tls } = written;
    const endpoints = endpointsFrom(name, written, protocol, { path, report, warn });
    const discovery = discovered(written, protocol, { context, path, report });
    const { adaptive_concurrency: adaptive, max_concurrent } = written;
    const concurrentMax = concurrencyFrom(adaptive, max_concurrent, { path, report });
    const at: Report = (key, message) => report([...path, "tls", ...key], message);
    const schemes = [...endpoints.map(({ url }) => url), `${discovery?.scheme}:`];
    if (tls !== undefined && !schemes.some((one) => /^(grpcs|https):/.test(one))) {
      at(
        [],
        "needs a url that begins with grpcs:// or https://, or such a `scheme` in `discovery`",
      );
    }
    return {
      ...{ name, protocol, endpoints, algorithm, models, aliases, preferred, cached },
      ...(discovery === undefined ? {} : { discovery }),
      ...(concurrentMax === undefined ? {} : { concurrentMax }),
      ...(tls === undefined ? {} : { tls: tlsFrom(tls, context, at) }),
    };
  });
}

/** What a group's discovery finds; undefined when it has none, or none that fits. */
function discovered(
  { endpoints, discovery: written }: FileGroup,
  protocol: ModelServerProtocol,
  { context, path, report }: Omit<Reports, "warn"> & { readonly context: DiscoveryContext },
): DiscoverySettings | undefined {
  if (written === undefined) {
    if (endpoints === undefined) report([...path, "endpoints"], "is required", "or `discovery`");
    return undefined;
  }
  const at: Report = (key, ...words) => report([...path, "discovery", ...key], ...words);
  if (endpoints !== undefined) at([], "cannot be combined with endpoints", "keep one of them");
  if (protocol === "tensorflow" && written.scheme.startsWith("http")) {
    at(["scheme"], "is that of a REST interface, and gRPC is what is called", "grpc or grpcs");
  }
  return discoveryFrom(written, context, at);
}

interface Reports {
  readonly path: Path;
  readonly report: Report;
  readonly warn: Report;
}

function endpointsFrom(
  name: string,
  { endpoints = [] }: FileGroup,
  protocol: ModelServerProtocol,
  { path, report, warn }: Reports,
): ModelServerEndpoint[] {
  const found: ModelServerEndpoint[] = [];
  for (const [index, { url: written, weight }] of endpoints.entries()) {
    const at: Path = [...path, "endpoints", index, "url"];
    const address = protocol === "tensorflow" ? tensorflowUrl(written) : oipUrl(written);
    if (address.url === undefined) {
      report(at, address.problem, address.hint);
      continue;
    }
    if (address.hint !== undefined) warn(at, address.problem ?? "", address.hint);
    if (found.some(({ url }) => url === address.url)) {
      report(at, "is there already");
      continue;
    }
    const id = endpoints.length === 1 ? name : `${name}-${index + 1}`;
    found.push({ id, url: address.url, weight });
  }
  return found;
}

/** An address, or what is wrong with it; with both, how it was understood. */
type Address =
  | { readonly url: string; readonly problem?: string; readonly hint?: string }
  | { readonly url: undefined; readonly problem: string; readonly hint: string };

/** Where TensorFlow Serving listens by default: for gRPC, and for REST. */
const tensorflowPort = { grpc: 8500, rest: 8501 } as const;

/** `host:8500`, `grpc://` and `grpcs://`; of `http://` with the port of REST the host is understood. */
function tensorflowUrl(written: string): Address {
  const rest = /^(?<scheme>https?):\/\/(?<host>[^/?#@\s:]+|\[[^\]]+\])(?::(?<port>\d+))?\/?$/i.exec(
    written,
  )?.groups;
  if (rest !== undefined) {
    const { scheme = "", host = "", port } = rest;
    const url = `${scheme.toLowerCase() === "https" ? "grpcs" : "grpc"}://${host}`;
    if (Number(port) === tensorflowPort.grpc) return { url: `${url}:${tensorflowPort.grpc}` };
    if (port === undefined || Number(port) === tensorflowPort.rest) {
      return {
        url: `${url}:${tensorflowPort.grpc}`,
        problem: "is the address of TensorFlow Serving's REST interface",
        hint: `its gRPC is called, on port ${tensorflowPort.grpc} of the same host: write ${url}:${tensorflowPort.grpc}`,
      };
    }
    const problem = `names port ${port} of a REST interface, and gRPC is what is called`;
    return { url: undefined, problem, hint: `write ${url}: and the port of its gRPC` };
  }
  return grpcUrl(written, "such as tf:8500 or grpc://tf:8500");
}

/** `grpc://`, `grpcs://`, and `http(s)://` for REST, perhaps with a path in front of /v2. */
function oipUrl(written: string): Address {
  if (!/^https?:\/\//i.test(written)) {
    return grpcUrl(written, "such as grpc://triton:8001 or http://triton:8000");
  }
  const url = URL.parse(written);
  const isPlain = url !== null && url.username === "" && url.password === "";
  if (isPlain && url.search === "" && url.hash === "") {
    return { url: url.href.replace(/\/(v2\/?)?$/, "") };
  }
  const problem = "expected an address without user or query";
  return { url: undefined, problem, hint: "such as http://triton:8000" };
}

function grpcUrl(written: string, hint: string): Address {
  const address = parseCoreAddress(written);
  const isGrpc = !/^https?:/i.test(written);
  if (address === undefined || !isGrpc) {
    return { url: undefined, problem: "expected an address with a port", hint };
  }
  return { url: `${address.tls ? "grpcs" : "grpc"}://${address.authority}` };
}
