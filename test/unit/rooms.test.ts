/** The floor plan: which room may import which. Changing the architecture is changing this table. */

import { globSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";

/** A room may import itself and the rooms listed beside it; nothing else of this project. */
const plan: Readonly<Record<string, readonly string[]>> = {
  core: [],
  chat: ["protobuf", "core", "gen"],
  dialects: ["chat", "protobuf", "errors", "core", "gen"],
  errors: ["core", "gen"],
  observability: ["core"],
  inference: ["errors", "core"],
  agent: ["errors", "core", "gen"],
  http: ["core"],
  http1: ["http", "core"],
  http2: ["http", "core"],
  exchange: ["http1", "http2", "http", "observability", "errors", "core"],
  protobuf: ["core"],
  json: ["protobuf", "core", "gen"],
  protocol: ["http", "errors", "core"],
  rpc: ["json", "protobuf", "protocol", "exchange", "observability", "errors", "core", "gen"],
  forms: ["http", "errors", "core"],
  rest: [
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
  grpc: ["protobuf", "protocol", "http2", "http", "errors", "core", "gen"],
  validation: ["protobuf", "core"],
  interceptors: ["validation", "observability", "errors", "core", "gen"],
  "http-client": ["core"],
  surfaces: [
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
    "grpc",
    "protobuf",
    "protocol",
    "agent",
    "inference",
    "errors",
    "core",
    "gen",
  ],
  discovery: ["pool", "backends", "core"],
  catalog: ["discovery", "dialects", "routing", "pool", "backends", "chat", "errors", "core"],
  pool: ["backends", "errors", "core"],
  routing: ["pool", "errors", "core"],
  cache: ["errors", "core"],
  history: ["core"],
  hooks: ["validation", "json", "http-client", "chat", "observability", "errors", "core", "gen"],
  services: [
    "hooks",
    "history",
    "catalog",
    "cache",
    "dialects",
    "chat",
    "routing",
    "pool",
    "backends",
    "inference",
    "protobuf",
    "observability",
    "interceptors",
    "errors",
    "core",
    "gen",
  ],
  config: [
    "hooks",
    "catalog",
    "chat",
    "dialects",
    "public-services.ts",
    "rest",
    "exchange",
    "http",
    "interceptors",
    "routing",
    "pool",
    "backends",
    "observability",
    "errors",
    "core",
    "gen",
  ],
  cli: [
    "config",
    "hooks",
    "history",
    "agent",
    "gateway.ts",
    "core-server.ts",
    "openapi-document.ts",
    "observability",
    "core",
  ],
};

const specifierPattern = /(?:from|import|import\.meta\.resolve\()\s*\(?"([^"]+)"/g;

function specifiers(file: string): string[] {
  return [...readFileSync(file, "utf8").matchAll(specifierPattern)].map((match) => match[1] ?? "");
}

for (const [room, mayImport] of Object.entries(plan)) {
  test(`${room} imports only ${[room, ...mayImport].join(", ")}`, () => {
    for (const file of globSync(`src/${room}/**/*.ts`)) {
      for (const specifier of specifiers(file)) {
        expect(specifier.startsWith("../"), `${file} climbs out with ${specifier}`).toBe(false);
        if (!specifier.startsWith("#") || specifier === "#package.json") continue;
        const target = specifier.slice(1).split("/")[0] ?? "";
        expect([room, ...mayImport], `${file} imports ${specifier}`).toContain(target);
      }
    }
  });
}

test("the plan has no circle: what a room may import never leads back to it", () => {
  const reach = (room: string, seen: Set<string>): Set<string> => {
    for (const next of plan[room] ?? []) if (!seen.has(next)) reach(next, seen.add(next));
    return seen;
  };
  for (const room of Object.keys(plan)) expect(reach(room, new Set()), room).not.toContain(room);
});

test("every folder under src is a room of the plan", () => {
  const rooms = new Set(globSync("src/*/**/*.ts").map((file) => file.split("/")[1]));
  expect([...rooms].filter((room) => room === undefined || !(room in plan))).toEqual([]);
});

test("every file says its one responsibility in its first line", () => {
  for (const file of globSync("src/**/*.ts")) {
    const text = readFileSync(file, "utf8").replace(/^#!.*\n/, "");
    expect(text.startsWith("/** "), file).toBe(true);
  }
});
