/** How the cores of a file are compiled: transport, trust, and what cannot be meant. */

import { expect, test } from "vitest";
import { type CoreContext, coresFrom } from "#config/cores.ts";
import { fileSchema } from "#config/schema.ts";
import { pathText } from "#yaml/problem.ts";

const files = new Set(["/etc/gateway/ca.pem", "/etc/gateway/own.pem", "/etc/gateway/own.key"]);

function compiled(...cores: readonly object[]) {
  const problems: string[] = [];
  const keys = { caFile: "ca_file", certFile: "cert_file", keyFile: "key_file" } as const;
  const missing = { message: "cannot be read" };
  const context: CoreContext = {
    kubernetes: undefined,
    folder: "/etc/gateway",
    tlsProblems: (named) =>
      (["caFile", "certFile", "keyFile"] as const)
        .filter((name) => named[name] !== undefined && !files.has(named[name]))
        .map((name) => ({ key: keys[name], ...missing })),
  };
  const settings = coresFrom(fileSchema.parse({ cores }).cores, context, (path, message) => {
    problems.push(`${pathText(path)}: ${message}`);
  });
  return { settings, problems };
}

test("a core is called over the project's engine unless another transport is named", () => {
  const { settings } = compiled({ url: "http://a:1" }, { url: "http://b:1", transport: "grpc-js" });
  expect(settings.map(({ transport }) => transport)).toEqual(["http2", "grpc-js"]);
});

test("a core is at its url, or at every address of a name", () => {
  const discovery = { dns: "cores.svc:50051", scheme: "https" };
  const { settings, problems } = compiled(
    { url: "http://a:1" },
    { discovery, weight: 2, tls: { ca_file: "ca.pem" } },
    { url: "http://b:1", discovery: { dns: "b:1" } },
    {},
  );
  expect(settings[1]).toMatchObject({
    ...{ id: "core-2", url: "https://cores.svc:50051", weight: 2 },
    discovery: { name: "cores.svc", port: 50_051, host: "cores.svc", path: "" },
  });
  expect(problems).toEqual([
    "cores[2].discovery: cannot be combined with url",
    "cores[3].url: is required",
  ]);
});

test("TLS files count from the configuration's folder", () => {
  const tls = {
    ca_file: "ca.pem",
    cert_file: "own.pem",
    key_file: "/etc/gateway/own.key",
    server_name: "core.internal",
  };
  const { settings, problems } = compiled({ url: "https://a:1", tls });
  expect(problems).toEqual([]);
  expect(settings[0]?.tls).toEqual({
    caFile: "/etc/gateway/ca.pem",
    certFile: "/etc/gateway/own.pem",
    keyFile: "/etc/gateway/own.key",
    serverName: "core.internal",
  });
});

const rows = [
  {
    name: "trust without encryption means nothing",
    core: { url: "http://a:1", tls: { ca_file: "ca.pem" } },
    problem: "cores[0].tls: needs a url that begins with https://",
  },
  {
    name: "a file that is not there",
    core: { url: "https://a:1", tls: { ca_file: "none.pem" } },
    problem: "cores[0].tls.ca_file: cannot be read",
  },
  {
    name: "a certificate without its key",
    core: { url: "https://a:1", tls: { cert_file: "own.pem" } },
    problem: "cores[0].tls.key_file: is required by `cert_file`",
  },
  {
    name: "a key without its certificate",
    core: { url: "https://a:1", tls: { key_file: "own.key" } },
    problem: "cores[0].tls.cert_file: is required by `key_file`",
  },
  {
    name: "HTTP at an address of gRPC",
    core: { url: "grpc://a:1", protocol: "http" },
    problem: "cores[0].protocol: cannot be http at a grpc:// address",
  },
] as const;
test.each(rows)("$name is refused", ({ core, problem }) => {
  expect(compiled(core).problems).toEqual([problem]);
});

test("a core that is named twice is one, with the weight that is told", () => {
  const twice = compiled(
    { url: "http://a:1", weight: 3 },
    { url: "http://b:1" },
    { url: "http://a:1/" },
  );
  expect(twice.settings.map(({ id, url, weight }) => [id, url, weight])).toEqual([
    ["core-1", "http://a:1", 3],
    ["core-2", "http://b:1", 1],
  ]);
  expect(twice.problems).toEqual([]);
  const same = compiled({ url: "http://a:1", weight: 3 }, { url: "http://a:1", weight: 3 });
  expect([same.settings.length, same.problems]).toEqual([1, []]);
});

test("a core that is named twice with two weights is refused", () => {
  const { problems } = compiled({ url: "http://a:1", weight: 3 }, { url: "http://a:1", weight: 2 });
  expect(problems).toEqual(["cores[1]: repeats the address of core-1 with another weight"]);
});

test("a core speaks gRPC unless it says otherwise, and always at an address of gRPC", () => {
  const { settings } = compiled(
    { url: "http://a:1" },
    { url: "http://b:1", protocol: "http" },
    { url: "http://c:1", protocol: "auto" },
    { url: "grpcs://d:1", protocol: "auto", tls: { ca_file: "ca.pem" } },
  );
  expect(settings.map(({ url, protocol }) => [url, protocol])).toEqual([
    ["http://a:1", "grpc"],
    ["http://b:1", "http"],
    ["http://c:1", "auto"],
    ["https://d:1", "grpc"],
  ]);
});

test("cores are numbered by what they are for, and one address is one core of each", () => {
  const { settings, problems } = compiled(
    { url: "http://a:1", protocol: "http" },
    { url: "http://b:1", service: "agent_controller" },
    { url: "http://a:1", service: "agent_controller" },
    { url: "http://a:1", service: "knowledge_system" },
    { url: "http://a:1", service: "twin", protocol: "auto" },
  );
  expect(problems).toEqual([]);
  expect(settings.map(({ id, url, service, protocol }) => [id, url, service, protocol])).toEqual([
    ["core-1", "http://a:1", "twin", "http"],
    ["agent_controller-1", "http://b:1", "agent_controller", "grpc"],
    ["agent_controller-2", "http://a:1", "agent_controller", "grpc"],
    ["knowledge_system-1", "http://a:1", "knowledge_system", "grpc"],
  ]);
});
