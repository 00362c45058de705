/** The section `rest`: HTTP rules and JSON options, and every way in which they cannot be. */

import { describe, expect, test } from "vitest";
import { loadYaml, problemsOf, settingsOf } from "../../support/config-folder.ts";

/** The section under its key, a line each. */
const section = (...lines: string[]) => ["rest:", ...lines.map((line) => `  ${line}`)].join("\n");
const rules = (...entries: string[]) => section("rules:", ...entries.map((one) => `  - ${one}`));
const models = "polygate.v1.ModelsService";

describe("HTTP rules", () => {
  test("are read as proto JSON, in proto names or in lowerCamelCase", () => {
    const snake = `{ selector: ${models}.ListModels, get: /all, response_body: models, additional_bindings: [{ custom: { kind: LIST, path: /l } }] }`;
    const camel = snake
      .replace("response_body", "responseBody")
      .replace("additional_bindings", "additionalBindings");
    const settings = settingsOf(loadYaml(rules(snake)));
    expect(settings.rest.rules).toMatchObject([
      {
        selector: `${models}.ListModels`,
        pattern: { case: "get", value: "/all" },
        responseBody: "models",
        additionalBindings: [{ pattern: { case: "custom", value: { kind: "LIST", path: "/l" } } }],
      },
    ]);
    expect(settingsOf(loadYaml(rules(camel))).rest).toEqual(settings.rest);
  });

  test("may take over the path of a method that has another rule now", () => {
    const moved = rules(
      `{ selector: ${models}.ListModels, get: /all }`,
      `{ selector: polygate.v1.HealthService.GetHealth, get: /api/v1/models }`,
    );
    expect(problemsOf(loadYaml(moved))).toEqual([]);
  });

  test("may give a health check of gRPC a path", () => {
    const check = rules("{ selector: grpc.health.v1.Health.Check, get: /grpc-health }");
    expect(problemsOf(loadYaml(check))).toEqual([]);
  });

  test.for([
    {
      name: "a method that is none, with the one that was meant",
      rule: "{ selector: polygate.v1.ModelService.GetModel, get: /x }",
      problem: `3:19: rest.rules[0].selector: is no method (hint: did you mean ${models}.GetModel?)`,
    },
    {
      name: "no path",
      rule: `{ selector: ${models}.ListModels }`,
      problem:
        "3:7: rest.rules[0]: names no HTTP method and path (hint: add one of get, put, post, delete, patch, custom)",
    },
    {
      name: "two paths",
      rule: `{ selector: ${models}.ListModels, get: /a, post: /b }`,
      problem:
        /rest\.rules\[0\]\.post: cannot be combined with get \(hint: put it under additional_bindings\)/,
    },
    {
      name: "no path in a binding",
      rule: `{ selector: ${models}.ListModels, get: /a, additional_bindings: [{ body: '*' }] }`,
      problem: /rest\.rules\[0\]\.additional_bindings\[0\]: names no HTTP method and path/,
    },
    {
      name: "a template that does not parse",
      rule: `{ selector: ${models}.ListModels, get: "/a/{b" }`,
      problem: /rest\.rules\[0\]\.get: path template "\/a\/\{b", column 6: expected }/,
    },
    {
      name: "a variable that is no field",
      rule: `{ selector: ${models}.ListModels, get: /a, additional_bindings: [{ get: "/a/{nope}" }] }`,
      problem: /additional_bindings\[0\]\.get: polygate\.v1\.ListModelsRequest has no field nope/,
    },
    {
      name: "a body that is no field",
      rule: `{ selector: ${models}.LoadModel, post: /a, body: nope }`,
      problem: /rest\.rules\[0\]\.body: polygate\.v1\.LoadModelRequest has no field nope/,
    },
    {
      name: "a part of the answer that is no field",
      rule: `{ selector: ${models}.ListModels, get: /a, response_body: nope }`,
      problem: /rest\.rules\[0\]\.response_body: .* has no field nope/,
    },
    {
      name: "a path that another method takes, with both methods",
      rule: `{ selector: ${models}.ListModels, get: /a, additional_bindings: [{ get: /stats }] }`,
      problem:
        /rest\.rules\[0\]\.additional_bindings\[0\]\.get: .*ListModels and .*GetStats both take GET \/stats/,
    },
    {
      name: "the path of a page",
      rule: `{ selector: ${models}.ListModels, get: /livez }`,
      problem: /rest\.rules\[0\]\.get: is the path of a page that the gateway serves itself/,
    },
    {
      name: "the path of the metrics page",
      rule: `{ selector: ${models}.ListModels, custom: { kind: '*', path: /metrics } }`,
      problem: /rest\.rules\[0\]\.custom\.path: is the path of a page/,
    },
    {
      name: "a key that the rule has not",
      rule: `{ selector: ${models}.ListModels, get: /a, responce_body: models }`,
      problem:
        /rest\.rules\[0\]\.responce_body: is not a known key \(hint: did you mean response_body\?\)/,
    },
    {
      name: "a key of the prototype",
      rule: `{ selector: ${models}.ListModels, get: /a, constructor: x }`,
      problem: /rest\.rules\[0\]\.constructor: is not a known key/,
    },
    {
      name: "one key in both spellings",
      rule: `{ selector: ${models}.ListModels, get: /a, response_body: models, responseBody: models }`,
      problem: /rest\.rules\[0\]\.responseBody: is not a known key/,
    },
    {
      name: "bindings within bindings",
      rule: `{ selector: ${models}.ListModels, get: /a, additional_bindings: [{ get: /b, additional_bindings: [] }] }`,
      problem: /additional_bindings\[0\]\.additional_bindings: is not a known key/,
    },
    {
      name: "a rule that is no mapping",
      rule: "just text",
      problem: "3:7: rest.rules[0]: expected a mapping, got text",
    },
  ])("$name is refused", ({ rule, problem }) => {
    const problems = problemsOf(loadYaml(rules(rule)));
    expect(problems).toHaveLength(1);
    if (typeof problem === "string") expect(problems[0]).toBe(`gateway.yaml:${problem}`);
    else expect(problems[0]).toMatch(problem);
  });

  test("a second rule of a method is refused where it stands", () => {
    const twice = rules(
      `{ selector: ${models}.ListModels, get: /a }`,
      `{ selector: ${models}.ListModels, get: /b }`,
    );
    expect(problemsOf(loadYaml(twice))).toEqual([
      "gateway.yaml:4:19: rest.rules[1].selector: has a rule already, rest.rules[0] (hint: put its paths under additional_bindings)",
    ]);
  });

  test("two rules in each other's way: the later one is to blame", () => {
    const twice = rules(
      `{ selector: polygate.v1.StatsService.GetStats, get: "/a" }`,
      `{ selector: ${models}.ListModels, get: /a }`,
    );
    expect(problemsOf(loadYaml(twice))).toEqual([
      expect.stringMatching(/^gateway\.yaml:4:\d+: rest\.rules\[1\]\.get: .* both take GET \/a$/),
    ]);
  });
});

describe("JSON options", () => {
  test("have the defaults of the contract", () => {
    const plain = {
      names: "proto",
      emitDefaults: true,
      enumsAsNumbers: false,
      ignoreUnknownFields: false,
    };
    expect(settingsOf(loadYaml("")).rest).toMatchObject({ json: plain, jsonByMethod: {} });
  });

  test("are for all methods, for a service, for a method: of two entries the later wins", () => {
    const { rest } = settingsOf(
      loadYaml(
        section(
          "json: { field_names: json, unknown_fields: ignore }",
          "json_by_method:",
          `  - { selector: ${models}.*, enums: number, emit_defaults: false }`,
          `  - { selector: ${models}.GetModel, emit_defaults: true }`,
        ),
      ),
    );
    expect(rest.json).toMatchObject({ names: "json", ignoreUnknownFields: true });
    expect(rest.jsonByMethod).toMatchObject({
      [`${models}.ListModels`]: { enumsAsNumbers: true, emitDefaults: false },
      [`${models}.GetModel`]: { enumsAsNumbers: true, emitDefaults: true },
    });
    expect(Object.keys(rest.jsonByMethod).every((name) => name.startsWith(models))).toBe(true);
  });

  test("are a listener's, which names only what differs", () => {
    const { listeners } = settingsOf(
      loadYaml(
        "listeners: [{ name: a, port: 1 }, { name: b, port: 2, rest: { json: { enums: number } } }]",
      ),
    );
    expect(listeners.map(({ json }) => json)).toEqual([undefined, { enumsAsNumbers: true }]);
  });

  test.for([
    {
      name: "a service that is none, with the one that was meant",
      yaml: section("json_by_method: [{ selector: polygate.v1.ModelService.*, enums: name }]"),
      problem:
        /json_by_method\[0\]\.selector: selects no method \(hint: did you mean .*Models?Service\.\*\?\)/,
    },
    {
      name: "a method that REST does not serve",
      yaml: section("json_by_method: [{ selector: grpc.health.v1.Health.Check, enums: name }]"),
      problem: /json_by_method\[0\]\.selector: selects no method that REST serves/,
    },
    {
      name: "a spelling that is none",
      yaml: section("json: { field_names: camel }"),
      problem: /rest\.json\.field_names: expected proto or json/,
    },
    {
      name: "a listener without REST",
      yaml: "listeners: [{ name: a, port: 1, serves: [rpc], rest: { json: { enums: name } } }]",
      problem: /listeners\[0\]\.rest: has no effect: `serves` leaves rest and admin out/,
    },
  ])("$name is refused", ({ yaml, problem }) => {
    const problems = problemsOf(loadYaml(yaml));
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(problem);
  });
});
