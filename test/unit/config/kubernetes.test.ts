/** Services of Kubernetes as names of endpoints, and where its API is. */

import { describe, expect, test } from "vitest";
import { loadYaml, problemsOf, settingsOf } from "../../support/config-folder.ts";

const pod = { KUBERNETES_SERVICE_HOST: "10.96.0.1", KUBERNETES_SERVICE_PORT: "443" };
const account = "/var/run/secrets/kubernetes.io/serviceaccount";
const yaml = (more: object) => JSON.stringify(more);

const settings = (more: object, env: Record<string, string> = pod) =>
  settingsOf(loadYaml(yaml(more), env));
const problems = (more: object, env: Record<string, string> = pod) =>
  problemsOf(loadYaml(yaml(more), env)).map((one) => one.replace(/^gateway\.yaml:\d+:\d+: /, ""));

describe("a service of Kubernetes", () => {
  test.each([
    ["vllm.prod:http", "vllm", "prod", "http"],
    ["vllm.prod:8000", "vllm", "prod", 8_000],
    ["vllm.prod.svc:8000", "vllm", "prod", 8_000],
    ["vllm.prod.svc.cluster.local:8000", "vllm", "prod", 8_000],
  ])("%s is read", (written, service, namespace, port) => {
    const discovery = { kubernetes: written };
    const [core] = settings({ cores: [{ discovery }] }).chat.cores;
    expect(core?.discovery).toMatchObject({ source: "kubernetes", service, namespace, port });
    expect(core?.discovery?.host).toBe(`${service}.${namespace}.svc`);
  });

  test.each([
    "vllm",
    "vllm:80",
    "vllm.prod",
    "vllm.prod:0",
    "vllm.prod:70000",
    "Vllm.prod:80",
    "a/../b.prod:80",
    "vllm.prod.pod:80",
    "vllm.prod:80?watch=1",
  ])("%s is none", (written) => {
    const said = problems({ cores: [{ discovery: { kubernetes: written } }] });
    expect(said).toEqual([
      expect.stringContaining("a service with its namespace and port such as vllm.prod:http"),
    ]);
  });

  test("may be where providers and servers of models of each kind are", () => {
    const { providers, modelServers } = settings({
      providers: {
        gpu: { dialect: "openai", discovery: { kubernetes: "vllm.prod:http", path: "/v1" } },
      },
      model_servers: {
        tensorflow: { discovery: { kubernetes: "tf.prod:grpc" } },
        triton: { protocol: "oip", discovery: { kubernetes: "triton.prod:http", scheme: "http" } },
        vino: {
          protocol: "oip",
          discovery: { dns: "vino.prod.svc:9000", scheme: "grpcs" },
          tls: {},
        },
      },
    });
    expect(providers[0]?.discovery).toMatchObject({ service: "vllm", path: "/v1", scheme: "http" });
    const found = modelServers.map(({ discovery, endpoints }) => [discovery?.scheme, endpoints]);
    expect(found).toEqual([
      ["grpc", []],
      ["http", []],
      ["grpcs", []],
    ]);
  });

  test("is one of several ways to name servers, and contradictions are told", () => {
    const kubernetes = "tf.prod:grpc";
    expect(
      problems({
        cores: [
          { discovery: { kubernetes, dns: "a:1" } },
          { discovery: {} },
          { discovery: { kubernetes, servers: ["10.0.0.1"] } },
          { discovery: { dns: "a:1", addresses: "ipv6" } },
        ],
        model_servers: {
          tensorflow: { discovery: { kubernetes, scheme: "http" } },
          none: { protocol: "oip" },
          both: { protocol: "oip", endpoints: [{ url: "grpc://a:1" }], discovery: { kubernetes } },
        },
      }),
    ).toEqual([
      "cores[0].discovery.kubernetes: cannot be combined with dns (hint: keep one of them)",
      "cores[1].discovery.dns: is required (hint: or `kubernetes`)",
      "cores[2].discovery.servers: has no effect: Kubernetes is asked",
      "cores[3].discovery.addresses: has no effect: it is of `kubernetes`",
      "model_servers.tensorflow.discovery.scheme: is that of a REST interface, and gRPC is what is called (hint: grpc or grpcs)",
      "model_servers.none.endpoints: is required (hint: or `discovery`)",
      "model_servers.both.discovery: cannot be combined with endpoints (hint: keep one of them)",
    ]);
  });
});

describe("its API", () => {
  const cores = [{ discovery: { kubernetes: "cores.prod:grpc" } }];
  const apiOf = (more: object, env?: Record<string, string>) => {
    const discovery = settings({ cores, ...more }, env).chat.cores[0]?.discovery;
    return discovery?.source === "kubernetes" ? discovery.api : undefined;
  };

  test("is the pod's own where nothing is said, with what its service account may show", () => {
    expect(apiOf({})).toEqual({
      origin: "https://10.96.0.1",
      tokenFile: `${account}/token`,
      caFile: `${account}/ca.crt`,
    });
    expect(apiOf({}, { KUBERNETES_SERVICE_HOST: "fd00::1" })?.origin).toBe("https://[fd00::1]");
  });

  test("is another where it is named, and its files with it", () => {
    const kubernetes = { server: "https://api.example:6443", token_file: "/t", ca_file: "/c" };
    const origin = "https://api.example:6443";
    expect(apiOf({ kubernetes })).toEqual({ origin, tokenFile: "/t", caFile: "/c" });
    expect(apiOf({ kubernetes: { server: origin } })).toEqual({ origin });
  });

  test("is sent no token without TLS", () => {
    const kubernetes = { server: "http://127.0.0.1:8001", token_file: "/t" };
    expect(apiOf({ kubernetes })).toEqual({ origin: "http://127.0.0.1:8001" });
  });

  test("is missed outside of a cluster, and only by those who need it", () => {
    expect(problems({ cores }, {})).toEqual([
      "cores[0].discovery.kubernetes: does not know where the API is (hint: set kubernetes.server; KUBERNETES_SERVICE_HOST is not set either)",
    ]);
    expect(problems({}, {})).toEqual([]);
  });

  test.each(["api.example", "ftp://a", "https://user:key@a", "https://a/path", "https://a?x"])(
    "%s is no address of it",
    (server) => {
      expect(problems({ kubernetes: { server } })).toEqual([
        expect.stringContaining("kubernetes.server: expected an address such as"),
      ]);
    },
  );
});
