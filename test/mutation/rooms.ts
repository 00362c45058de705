/** The rooms whose tests are themselves tested, and the test files that concern each. */

/** Globs of test files by room. */
export const testsOfRoom: Readonly<Record<string, readonly string[]>> = {
  core: ["test/unit/core/**/*.test.ts"],
  routing: [
    "test/unit/routing/**/*.test.ts",
    "test/contract/balancer.test.ts",
    "test/sim/routing.test.ts",
  ],
  cache: ["test/unit/cache/**/*.test.ts"],
  dialects: ["test/unit/dialects/**/*.test.ts"],
  hooks: ["test/unit/hooks/**/*.test.ts"],
  pool: ["test/unit/pool/**/*.test.ts", "test/unit/routing/dispatch.test.ts"],
  interceptors: ["test/unit/interceptors/**/*.test.ts", "test/unit/rpc/call.test.ts"],
  protocol: ["test/unit/protocol/**/*.test.ts", "test/unit/rpc/**/*.test.ts"],
  config: ["test/unit/config/**/*.test.ts", "test/property/config-secrets.test.ts"],
  json: ["test/unit/json/**/*.test.ts", "test/property/json.test.ts"],
  protobuf: ["test/unit/protobuf/**/*.test.ts", "test/property/protobuf.test.ts"],
  rpc: ["test/unit/rpc/**/*.test.ts"],
  rest: ["test/unit/rest/**/*.test.ts", "test/property/rest-*.test.ts"],
  http1: ["test/unit/http1/**/*.test.ts", "test/property/http1-connection.test.ts"],
  http2: [
    "test/unit/http2/**/*.test.ts",
    "test/property/http2-*.test.ts",
    "test/e2e/http2-abuse.test.ts",
  ],
};
