/** The floor plan: which room may import which, and what the sources really import. */

import { globSync, readFileSync } from "node:fs";

/**
 * A room may import itself and the rooms listed for it; nothing else of this project. Rooms are
 * folders under src, and the files next to them. Changing the architecture is changing this table.
 */
export const plan: Readonly<Record<string, readonly string[]>> = {
  core: [],
  yaml: [],
  chat: ["protobuf", "core", "gen"],
  dialects: ["chat", "errors", "core", "gen"],
  errors: ["gen"],
  observability: ["core"],
  inference: ["errors", "core"],
  agent: ["errors", "core", "gen"],
  http: ["core"],
  websocket: ["exchange", "errors", "core"],
  http1: ["http", "core"],
  http2: ["http", "core"],
  exchange: ["http1", "http2", "http", "errors", "core"],
  entry: ["exchange", "http1", "observability", "errors", "core"],
  protobuf: ["core"],
  json: ["protobuf", "core"],
  protocol: ["http", "errors", "core"],
  rpc: ["json", "protobuf", "protocol", "exchange", "errors", "core", "gen"],
  forms: ["http", "errors"],
  rest: [
    "websocket",
    "rpc",
    "json",
    "protobuf",
    "protocol",
    "exchange",
    "forms",
    "http",
    "errors",
    "core",
    "gen",
  ],
  "grpc-client": ["protobuf", "protocol", "http2", "http", "errors", "core", "gen"],
  validation: ["protobuf", "core"],
  redis: ["observability", "core"],
  limits: ["redis", "observability", "errors", "core"],
  overload: ["core"],
  uploads: ["observability", "errors", "core"],
  tracing: [
    "http-client",
    "grpc-client",
    "protobuf",
    "protocol",
    "observability",
    "errors",
    "core",
    "gen",
  ],
  identity: ["limits", "http-client", "observability", "errors", "core"],
  interceptors: [
    "identity",
    "limits",
    "overload",
    "validation",
    "observability",
    "errors",
    "core",
    "gen",
  ],
  "http-client": ["core"],
  surfaces: [
    "entry",
    "inference",
    "websocket",
    "json",
    "rpc",
    "protocol",
    "exchange",
    "forms",
    "http",
    "interceptors",
    "dialects",
    "observability",
    "errors",
    "core",
    "gen",
  ],
  backends: [
    "dialects",
    "chat",
    "http-client",
    "grpc-client",
    "protobuf",
    "protocol",
    "agent",
    "inference",
    "yaml",
    "errors",
    "core",
    "gen",
  ],
  discovery: ["pool", "backends", "http-client", "observability", "core"],
  catalog: [
    "discovery",
    "dialects",
    "routing",
    "pool",
    "backends",
    "inference",
    "chat",
    "errors",
    "core",
  ],
  pool: ["observability", "errors", "core"],
  routing: ["pool", "observability", "errors", "core"],
  cache: ["redis", "observability", "errors", "core"],
  store: ["core"],
  history: ["store", "core"],
  keys: ["identity", "store", "observability", "errors", "core"],
  alerts: ["history", "http-client", "observability", "core"],
  hooks: ["validation", "json", "http-client", "chat", "observability", "errors", "core", "gen"],
  services: [
    "uploads",
    "exchange",
    "forms",
    "http",
    "hooks",
    "history",
    "keys",
    "catalog",
    "cache",
    "dialects",
    "chat",
    "routing",
    "pool",
    "backends",
    "inference",
    "protobuf",
    "rpc",
    "observability",
    "limits",
    "interceptors",
    "identity",
    "errors",
    "core",
    "gen",
  ],
  config: [
    "yaml",
    "alerts",
    "portal",
    "hooks",
    "catalog",
    "chat",
    "public-services.ts",
    "surface-table.ts",
    "method-extras.ts",
    "rest",
    "exchange",
    "http",
    "routing",
    "pool",
    "backends",
    "cache",
    "redis",
    "limits",
    "identity",
    "limits",
    "interceptors",
    "overload",
    "tracing",
    "observability",
    "core",
    "gen",
  ],
  reload: ["config", "yaml", "observability", "core"],
  terminal: [],
  react: ["gen"],
  cli: [
    "terminal",
    "gen",
    "yaml",
    "config",
    "reload",
    "hooks",
    "store",
    "gateway.ts",
    "workers",
    "core-server.ts",
    "openapi-document.ts",
    "identity",
    "observability",
    "core",
  ],
  "public-services.ts": ["gen"],
  "method-extras.ts": ["rest", "gen"],
  "surface-table.ts": ["public-services.ts", "surfaces", "gen"],
  "metrics.ts": [
    "alerts",
    "tracing",
    "reload",
    "limits",
    "redis",
    "uploads",
    "services",
    "keys",
    "hooks",
    "cache",
    "routing",
    "discovery",
    "pool",
    "interceptors",
    "identity",
    "entry",
    "observability",
  ],
  portal: [
    "redis",
    "entry",
    "exchange",
    "interceptors",
    "identity",
    "observability",
    "errors",
    "core",
  ],
  "home-page.ts": ["entry", "exchange", "http", "core"],
  "openapi-document.ts": [
    "public-services.ts",
    "method-extras.ts",
    "rest",
    "interceptors",
    "identity",
    "core",
  ],
  "docs-pages.ts": ["openapi-document.ts", "entry", "exchange", "core"],
  "rest-adapter.ts": ["rest", "entry", "exchange", "interceptors", "errors"],
  "portal-sockets.ts": ["portal", "rest", "rpc", "core", "gen"],
  "front.ts": [
    "method-extras.ts",
    "rest-adapter.ts",
    "portal-sockets.ts",
    "surface-table.ts",
    "surfaces",
    "portal",
    "rest",
    "rpc",
    "protocol",
    "entry",
    "exchange",
    "interceptors",
    "validation",
    "observability",
    "errors",
    "core",
    "gen",
  ],
  "pages.ts": [
    "front.ts",
    "metrics.ts",
    "home-page.ts",
    "docs-pages.ts",
    "openapi-document.ts",
    "entry",
    "identity",
    "pool",
    "backends",
    "observability",
    "core",
  ],
  "shared-store.ts": ["config", "portal", "redis", "limits", "cache", "observability", "core"],
  "call-history.ts": ["config", "history", "store", "observability", "core"],
  "records.ts": [
    "call-history.ts",
    "config",
    "services",
    "history",
    "routing",
    "pool",
    "observability",
    "core",
  ],
  "stored-keys.ts": ["config", "keys", "store", "observability", "core"],
  gateway: [
    "call-history.ts",
    "alerts",
    "portal",
    "tracing",
    "reload",
    "exchange",
    "uploads",
    "keys",
    "front.ts",
    "metrics.ts",
    "pages.ts",
    "public-services.ts",
    "records.ts",
    "shared-store.ts",
    "config",
    "services",
    "hooks",
    "cache",
    "catalog",
    "discovery",
    "routing",
    "pool",
    "backends",
    "agent",
    "identity",
    "inference",
    "limits",
    "interceptors",
    "overload",
    "rpc",
    "observability",
    "errors",
    "core",
    "gen",
  ],
  "gateway.ts": [
    "call-history.ts",
    "gateway",
    "reload",
    "stored-keys.ts",
    "portal",
    "front.ts",
    "metrics.ts",
    "pages.ts",
    "records.ts",
    "config",
    "services",
    "catalog",
    "backends",
    "rpc",
    "identity",
    "observability",
    "errors",
    "core",
    "gen",
  ],
  workers: [
    "alerts",
    "call-history.ts",
    "history",
    "services",
    "gateway.ts",
    "gateway",
    "reload",
    "metrics.ts",
    "config",
    "backends",
    "limits",
    "uploads",
    "interceptors",
    "exchange",
    "observability",
    "errors",
    "core",
    "gen",
  ],
  fastify: [
    "yaml",
    "config",
    "gateway.ts",
    "entry",
    "interceptors",
    "rpc",
    "observability",
    "core",
  ],
  "core-server.ts": [
    "front.ts",
    "metrics.ts",
    "agent",
    "interceptors",
    "rpc",
    "observability",
    "errors",
    "core",
    "gen",
  ],
};

/**
 * What programs other than the gateway stand on, and package.json exports: these rooms know no proto
 * of the gateway, no setting, and no room that does.
 */
export const libraries: readonly string[] = [
  "core",
  "errors",
  "http",
  "http1",
  "http2",
  "exchange",
  "websocket",
  "protobuf",
  "json",
  "protocol",
  "validation",
  "rpc",
  "forms",
  "rest",
  "grpc-client",
  "http-client",
];

const specifierPattern = /(?:from|import|import\.meta\.resolve\()\s*\(?"([^"]+)"/g;

/** What a source file imports, as it is written there. */
export function specifiersOf(file: string): readonly string[] {
  return [...readFileSync(file, "utf8").matchAll(specifierPattern)].map((match) => match[1] ?? "");
}

/** Every source file, from the repository's root. */
export function sourceFiles(): readonly string[] {
  return globSync("src/**/*.{ts,tsx}").toSorted();
}

/** The room of a source file: its folder under src, or the file itself. */
export function roomOf(file: string): string {
  return file.split("/")[1] ?? "";
}

/** The room that a specifier leads to from a room; undefined for packages. */
export function targetOf(specifier: string, room: string): string | undefined {
  if (specifier === "#package.json") return undefined;
  if (specifier.startsWith("#")) return specifier.slice(1).split("/")[0];
  if (!specifier.startsWith("./")) return undefined;
  // The files next to the rooms import each other by name.
  return room.endsWith(".ts") ? specifier.slice(2).split("/")[0] : room;
}

/** The rooms that each room imports; `gen` is what `npm run gen` makes of the protos. */
export function importsByRoom(): ReadonlyMap<string, ReadonlySet<string>> {
  const found = new Map<string, Set<string>>();
  for (const file of sourceFiles()) {
    const room = roomOf(file);
    const targets = found.get(room) ?? new Set<string>();
    found.set(room, targets);
    for (const specifier of specifiersOf(file)) {
      const target = targetOf(specifier, room);
      if (target !== undefined && target !== room) targets.add(target);
    }
  }
  return found;
}

/**
 * Rooms in layers: each imports rooms of lower layers alone. Throws when there is a circle, and
 * names the rooms that are part of it or stand on it.
 */
export function layersOf(
  imports: ReadonlyMap<string, ReadonlySet<string>>,
): readonly (readonly string[])[] {
  const layers: string[][] = [];
  const placed = new Set<string>();
  let waiting = [...imports.keys()];
  while (waiting.length > 0) {
    const isGround = (room: string) =>
      [...(imports.get(room) ?? [])].every((next) => placed.has(next) || !imports.has(next));
    const layer = waiting.filter(isGround).toSorted();
    if (layer.length === 0) throw new Error(`a circle of imports: ${waiting.join(", ")}`);
    layers.push(layer);
    for (const room of layer) placed.add(room);
    waiting = waiting.filter((room) => !placed.has(room));
  }
  return layers;
}
