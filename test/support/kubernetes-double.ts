/** The API of Kubernetes as far as EndpointSlices go (discovery.k8s.io/v1): lists in pages, watches in JSON lines, over TLS. */

import { once } from "node:events";
import { readFileSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { serverTls } from "./tls.ts";

/** One endpoint as tests write it; `ready` when nothing else is said. */
export interface DoubleEndpoint {
  readonly address: string;
  readonly conditions?: Readonly<Record<string, boolean>>;
}

/** One slice as tests write it. */
export interface DoubleSlice {
  readonly service: string;
  readonly endpoints: readonly (string | DoubleEndpoint)[];
  readonly ports: readonly { readonly name?: string; readonly port: number }[];
  readonly addressType?: "IPv4" | "IPv6" | "FQDN";
}

/** A running API. */
export interface KubernetesDouble extends AsyncDisposable {
  /** As `kubernetes.server` names it. */
  readonly url: string;
  /** Tokens that it takes. */
  readonly tokens: Set<string>;
  /** Paths and queries of all requests so far. */
  readonly asked: readonly URL[];
  /** Tokens that came with them. */
  readonly shown: readonly string[];
  /** `refusing`: 403 for all; `forgetful`: 410 for all watches, as a status. */
  mood: "well" | "refusing" | "forgetful";
  /** Slices in one page of a list at most; as many as are asked for when absent. */
  pageMax?: number;
  /** Makes or changes a slice, and tells the watches. */
  put(name: string, slice: DoubleSlice): void;
  /** Removes a slice, and tells the watches. */
  remove(name: string): void;
  /** Tells all watches where the API is now. */
  bookmark(): void;
  /** Says 410 in each watch, as an event. */
  forget(): void;
  /** Ends each watch as its time does, or in the middle of an event. */
  end(how: "whole" | "mid-line"): void;
  /** Sends bytes of one's own in each watch. */
  say(text: string): void;
  /** Watches that are open. */
  watches(): number;
}

const namespace = "prod";
const path = `/apis/discovery.k8s.io/v1/namespaces/${namespace}/endpointslices`;

/** Starts one whose services are those of the namespace `prod`, and which takes the token `a-token`. */
export async function startKubernetes(): Promise<KubernetesDouble> {
  let version = 1_000;
  const slices = new Map<string, Record<string, unknown>>();
  const watches = new Map<ServerResponse, string>();
  const asked: URL[] = [];
  const shown: string[] = [];
  /** What has happened, for watches that go on from a version. */
  const events: { readonly version: number; readonly service: string; readonly line: string }[] =
    [];

  const statusOf = (code: number, reason: string, message: string) => ({
    kind: "Status",
    apiVersion: "v1",
    metadata: {},
    status: "Failure",
    message,
    reason,
    code,
  });
  const refuse = (response: ServerResponse, code: number, reason: string, message: string) => {
    response.writeHead(code, { "content-type": "application/json" });
    response.end(JSON.stringify(statusOf(code, reason, message)));
  };
  const tell = (type: string, service: string, object: unknown) => {
    const line = `${JSON.stringify({ type, object })}\n`;
    events.push({ version, service, line });
    for (const [watch, wanted] of watches) if (wanted === service) watch.write(line);
  };
  const objectOf = (name: string, { service, endpoints, ports, addressType }: DoubleSlice) => ({
    kind: "EndpointSlice",
    apiVersion: "discovery.k8s.io/v1",
    metadata: {
      name,
      namespace,
      resourceVersion: String(version),
      labels: { "kubernetes.io/service-name": service },
    },
    addressType: addressType ?? "IPv4",
    endpoints: endpoints.map((one) => {
      const { address, conditions = { ready: true, serving: true, terminating: false } } =
        typeof one === "string" ? { address: one } : one;
      return { addresses: [address], conditions, nodeName: "node-1" };
    }),
    ports: ports.map((one) => ({ protocol: "TCP", ...one })),
  });
  const serviceOf = (object: Record<string, unknown>) =>
    (object.metadata as { labels: Record<string, string> }).labels["kubernetes.io/service-name"];

  const list = (query: URLSearchParams, service: string, response: ServerResponse) => {
    const all = [...slices.values()].filter((object) => serviceOf(object) === service);
    const from = Number(query.get("continue") ?? 0);
    const limit = Math.min(Number(query.get("limit") ?? 500), double.pageMax ?? 500);
    const items = all.slice(from, from + limit);
    const next = from + limit < all.length ? { continue: String(from + limit) } : {};
    response.writeHead(200, { "content-type": "application/json" });
    response.end(
      JSON.stringify({
        kind: "EndpointSliceList",
        apiVersion: "discovery.k8s.io/v1",
        metadata: { resourceVersion: String(version), ...next },
        items,
      }),
    );
  };
  const watch = (query: URLSearchParams, service: string, response: ServerResponse) => {
    if (double.mood === "forgetful") {
      refuse(response, 410, "Expired", "too old resource version");
      return;
    }
    const from = Number(query.get("resourceVersion"));
    response.writeHead(200, { "content-type": "application/json" });
    response.flushHeaders();
    for (const event of events) {
      if (event.version > from && event.service === service) response.write(event.line);
    }
    watches.set(response, service);
    response.once("close", () => watches.delete(response));
  };
  const answer = (request: IncomingMessage, response: ServerResponse) => {
    const url = new URL(request.url ?? "", "https://api");
    asked.push(url);
    const token = String(request.headers.authorization).replace("Bearer ", "");
    shown.push(token);
    if (!double.tokens.has(token)) {
      refuse(response, 401, "Unauthorized", "Unauthorized");
      return;
    }
    const selector = url.searchParams.get("labelSelector") ?? "";
    const service = selector.replace("kubernetes.io/service-name=", "");
    if (request.headers.accept !== "application/json") {
      refuse(response, 406, "NotAcceptable", "only application/json is spoken here");
      return;
    }
    if (double.mood === "refusing" || url.pathname !== path) {
      const who = "system:serviceaccount:prod:gateway";
      refuse(
        response,
        403,
        "Forbidden",
        `endpointslices.discovery.k8s.io is forbidden: User "${who}" cannot list resource "endpointslices"`,
      );
      return;
    }
    if (url.searchParams.get("watch") === "1") watch(url.searchParams, service, response);
    else list(url.searchParams, service, response);
  };

  const server = createServer(
    { cert: readFileSync(serverTls.certFile), key: readFileSync(serverTls.keyFile) },
    answer,
  );
  server.listen(0, "localhost");
  await once(server, "listening");
  const double: KubernetesDouble = {
    url: `https://localhost:${(server.address() as AddressInfo).port}`,
    tokens: new Set(["a-token"]),
    asked,
    shown,
    mood: "well",
    put(name, slice) {
      version += 1;
      const type = slices.has(name) ? "MODIFIED" : "ADDED";
      const object = objectOf(name, slice);
      slices.set(name, object);
      tell(type, slice.service, object);
    },
    remove(name) {
      version += 1;
      const object = slices.get(name);
      slices.delete(name);
      if (object !== undefined) tell("DELETED", serviceOf(object) ?? "", object);
    },
    bookmark() {
      version += 1;
      const object = { kind: "EndpointSlice", metadata: { resourceVersion: String(version) } };
      for (const response of watches.keys()) {
        response.write(`${JSON.stringify({ type: "BOOKMARK", object })}\n`);
      }
    },
    forget() {
      const object = statusOf(410, "Expired", "too old resource version: 1 (2)");
      for (const response of watches.keys()) {
        response.end(`${JSON.stringify({ type: "ERROR", object })}\n`);
      }
    },
    end(how) {
      for (const response of watches.keys()) {
        if (how === "whole") response.end();
        else response.write('{"type":"MODIFIED","object":{"metada', () => response.destroy());
      }
    },
    say(text) {
      for (const response of watches.keys()) response.write(text);
    },
    watches: () => watches.size,
    async [Symbol.asyncDispose]() {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
  return double;
}
