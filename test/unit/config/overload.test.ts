/** What says how much is too much: the section `overload`, limits of calls that are found out, sizes of routes. */

import { describe, expect, test } from "vitest";
import { loadYaml, problemsOf, settingsOf } from "../../support/config-folder.ts";

describe("overload", () => {
  test("is refused from the bounds on that are usual, unless that is switched off", () => {
    const usual = { lagMs: 100, heapShare: 0.85, heapShareAll: 0.95 };
    expect(settingsOf(loadYaml("{}")).overload).toEqual(usual);
    const own = "overload: { lag: 1s, heap: 50%, heap_critical: 0.6 }";
    expect(settingsOf(loadYaml(own)).overload).toEqual({
      lagMs: 1_000,
      heapShare: 0.5,
      heapShareAll: 0.6,
    });
    expect(settingsOf(loadYaml("overload: { enabled: false }")).overload).toBeUndefined();
  });

  test("of all before that of some is refused", () => {
    expect(problemsOf(loadYaml("overload: { heap: 96% }"))).toEqual([
      expect.stringMatching(/overload\.heap: is more than `heap_critical`/),
    ]);
  });
});

describe("the limit of an endpoint's calls", () => {
  const provider = (more: string) => `providers: { openai: { api_key: k, ${more} } }`;
  const servers = (more: string) =>
    `model_servers: { oip: { protocol: oip, endpoints: [{ url: "http://a:1" }], ${more} } }`;
  const balancer = (more: string) => `load_balancer: { ${more} }`;

  test("is a number, or the bounds of what is found out, for each kind of backend", () => {
    const adaptive = "adaptive_concurrency: { max: 9 }";
    const found = { min: 4, max: 9 };
    expect(settingsOf(loadYaml(provider("priority: 1"))).providers[0]?.concurrentMax).toBe(100);
    expect(settingsOf(loadYaml(provider("max_concurrent: 7"))).providers[0]?.concurrentMax).toBe(7);
    expect(settingsOf(loadYaml(provider(adaptive))).providers[0]?.concurrentMax).toEqual(found);
    expect(settingsOf(loadYaml(servers(adaptive))).modelServers[0]?.concurrentMax).toEqual(found);
    expect(settingsOf(loadYaml(balancer(adaptive))).chat.concurrentMax).toEqual(found);
    expect(settingsOf(loadYaml("{}")).chat.concurrentMax).toBeUndefined();
  });

  test.each([
    [provider("max_concurrent: 7, adaptive_concurrency: {}"), /max_concurrent: cannot be combined/],
    [servers("max_concurrent: 7, adaptive_concurrency: {}"), /max_concurrent: cannot be combined/],
    [balancer("adaptive_concurrency: { max: 3 }"), /adaptive_concurrency\.min: is more than `max`/],
    [provider("adaptive_concurrency: { min: 0 }"), /adaptive_concurrency\.min/],
  ])("%s is refused", (yaml, problem) => {
    expect(problemsOf(loadYaml(yaml))).toEqual([expect.stringMatching(problem)]);
  });
});

describe("gateway.max_request_sizes", () => {
  test("are paths, or procedures, with a size each", () => {
    const yaml = "gateway: { max_request_sizes: [{ match: /v1/chat, size: 1kB }] }";
    const { routeSizes } = settingsOf(loadYaml(yaml)).request;
    expect(routeSizes).toEqual([{ match: "/v1/chat", bytesMax: 1024 }]);
  });

  test.each(["{ match: v1/chat, size: 1kB }", "{ match: /v1/chat }", "{ match: /v1, size: 3GB }"])(
    "%s is refused",
    (route) => {
      const problems = problemsOf(loadYaml(`gateway: { max_request_sizes: [${route}] }`));
      expect(problems).toEqual([expect.stringMatching(/gateway\.max_request_sizes\[0\]/)]);
    },
  );
});
