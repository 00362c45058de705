/** The section `model_servers` and its variables: addresses as people write them, and what cannot be meant. */

import { describe, expect, test } from "vitest";
import { loadYaml, problemsOf, settingsOf } from "../../support/config-folder.ts";

const groups = (yaml: string, env: Record<string, string> = {}) =>
  settingsOf(loadYaml(yaml, env)).modelServers;
const urls = (yaml: string, env: Record<string, string> = {}) =>
  groups(yaml, env).map(({ name, endpoints }) => [name, ...endpoints.map(({ url }) => url)]);
const problems = (yaml: string, env: Record<string, string> = {}) =>
  problemsOf(loadYaml(yaml, env));

describe("TENSORFLOW_SERVING_URL", () => {
  test.each([
    ["tf:8500", ["grpc://tf:8500"]],
    ["grpc://tf:9000", ["grpc://tf:9000"]],
    ["grpcs://tf:8500", ["grpcs://tf:8500"]],
    ["tf-1:8500, tf-2:8500", ["grpc://tf-1:8500", "grpc://tf-2:8500"]],
    ["http://tf:8500", ["grpc://tf:8500"]],
    ["[::1]:8500", ["grpc://[::1]:8500"]],
  ])("%s", (said, expected) => {
    expect(urls("", { TENSORFLOW_SERVING_URL: said })).toEqual([["tensorflow", ...expected]]);
    expect(settingsOf(loadYaml("", { TENSORFLOW_SERVING_URL: said })).warnings).toEqual([]);
  });

  test.each([
    "http://tensorflow-serving:8501",
    "http://tensorflow-serving",
    "http://tensorflow-serving:8501/",
  ])("%s, the address of REST, is understood as that of gRPC, and the start says so", (said) => {
    const settings = settingsOf(loadYaml("", { TENSORFLOW_SERVING_URL: said }));
    expect(settings.modelServers[0]?.endpoints[0]?.url).toBe("grpc://tensorflow-serving:8500");
    expect(settings.warnings).toMatchObject([
      {
        where: "environment TENSORFLOW_SERVING_URL",
        message: expect.stringContaining("REST"),
        hint: expect.stringContaining("grpc://tensorflow-serving:8500"),
      },
    ]);
  });

  test.each([
    "tf",
    "http://tf:9999",
    "ftp://tf:8500",
    "grpc://tf",
    "grpc://u:p@tf:8500",
    "tf:8500,tf:8500",
  ])("%s is refused, with what to write", (said) => {
    const [problem, ...others] = problems("", { TENSORFLOW_SERVING_URL: said });
    expect(problem).toContain("model_servers.tensorflow.endpoints[");
    expect(problem).not.toContain("u:p");
    expect(others).toEqual([]);
  });

  test("gives the servers to what the file says of them", () => {
    const yaml = "model_servers: { tensorflow: { endpoints: [{ url: 'old:1' }], models: [m] } }";
    expect(groups(yaml, { TENSORFLOW_SERVING_URL: "tf:8500" })).toMatchObject([
      {
        name: "tensorflow",
        models: ["m"],
        endpoints: [{ id: "tensorflow", url: "grpc://tf:8500" }],
      },
    ]);
  });
});

describe("ONNX_RUNTIME_URL", () => {
  test.each([
    ["grpc://triton:8001", "grpc://triton:8001"],
    ["triton:8001", "grpc://triton:8001"],
    ["http://onnx-runtime:8000", "http://onnx-runtime:8000"],
    ["https://models.example.com/team/v2/", "https://models.example.com/team"],
  ])("%s", (said, expected) => {
    expect(groups("", { ONNX_RUNTIME_URL: said })).toMatchObject([
      { name: "onnx-runtime", protocol: "oip", endpoints: [{ url: expected }] },
    ]);
  });

  test("comes after TensorFlow Serving, and both after what the file names", () => {
    const env = { ONNX_RUNTIME_URL: "grpc://o:1", TENSORFLOW_SERVING_URL: "t:1" };
    const yaml = "model_servers: { gpu: { protocol: oip, endpoints: [{ url: 'grpc://g:1' }] } }";
    expect(groups(yaml, env).map(({ name }) => name)).toEqual([
      "gpu",
      "tensorflow",
      "onnx-runtime",
    ]);
  });
});

describe("a group of the file", () => {
  test("has a name for each endpoint, its weight, and the rest by default", () => {
    const yaml = `
model_servers:
  gpu:
    protocol: oip
    endpoints: [ { url: "grpc://a:1", weight: 3 }, { url: "grpc://b:1" } ]
    aliases: { mine: theirs }
    preferred: [ digits ]
    cached: [ mine ]
`;
    expect(groups(yaml)).toEqual([
      {
        name: "gpu",
        protocol: "oip",
        endpoints: [
          { id: "gpu-1", url: "grpc://a:1", weight: 3 },
          { id: "gpu-2", url: "grpc://b:1", weight: 1 },
        ],
        algorithm: "least_connections",
        models: [],
        aliases: { mine: "theirs" },
        preferred: ["digits"],
        cached: ["mine"],
      },
    ]);
  });

  test.each([
    ["{ gpu: { endpoints: [{ url: 'a:1' }] } }", "model_servers.gpu.protocol: is required"],
    ["{ onnx: { protocol: oip, endpoints: [{ url: 'a:1' }] } }", "has the name of another backend"],
    ["{ tf: { protocol: tensorflow, endpoints: [] } }", "model_servers.tf.endpoints"],
    [
      "{ tf: { protocol: tensorflow, endpoints: [{ url: 'a:1' }], tls: {} } }",
      "needs a url that begins with grpcs://",
    ],
    [
      "{ tf: { protocol: tensorflow, endpoint: 'a:1' } }",
      "model_servers.tf.endpoint: is not a known key",
    ],
  ])("%s is refused", (section, words) => {
    expect(problems(`model_servers: ${section}`).join("\n")).toContain(words);
  });

  test("has no name of a provider", () => {
    const yaml =
      "providers: { gpu: { dialect: openai, base_url: 'http://a/v1' } }\nmodel_servers: { gpu: { protocol: oip, endpoints: [{ url: 'a:1' }] } }";
    expect(problems(yaml).join("\n")).toContain("has the name of another backend");
  });
});
