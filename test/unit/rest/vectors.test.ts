/** 257 cases recorded from other transcoders' suites, each under this project's rule. */

import { existsSync, readFileSync } from "node:fs";
import {
  create,
  createRegistry,
  type DescMethod,
  type DescMethodServerStreaming,
  type DescMethodUnary,
  fromJson,
  type JsonValue,
  type Message,
  toJson,
} from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { systemClock } from "#core/clock.ts";
import { fault } from "#errors/fault.ts";
import { type HttpRule, HttpRuleSchema } from "#gen/google/api/http_pb.js";
import { timeoutMsFrom } from "#rest/deadline.ts";
import { restErrorBody } from "#rest/error-body.ts";
import { parametersFrom } from "#rest/pairs.ts";
import { captureOf, splitPath } from "#rest/path.ts";
import { createRest } from "#rest/rest.ts";
import { parseTemplate, type Segment } from "#rest/template.ts";
import { Trie } from "#rest/trie.ts";
import { createCallPath } from "#rpc/call.ts";
import { serveRest } from "../../support/rest-server.ts";
import { testProtos, testService } from "../../support/test-protos.ts";
import { acceptFields, answers, otherRules, rpcs, skipped } from "./vector-rules.ts";

interface Expectation {
  readonly status?: number | string;
  readonly vars?: Readonly<Record<string, string>>;
  readonly message?: JsonValue;
  readonly body?: string;
  readonly body_json?: JsonValue;
  readonly response_headers?: Readonly<Record<string, string>>;
  readonly template_valid?: boolean;
  readonly segments?: readonly string[];
  readonly verb?: string;
  readonly variables?: readonly (string | readonly [string, number, number])[];
  readonly timeout_ms?: number;
  readonly response_is_json_array?: boolean;
  readonly update_mask_paths?: readonly string[];
}

interface Vector {
  readonly id: string;
  readonly category: string;
  readonly source: string;
  readonly template: string | null;
  readonly method: string | null;
  readonly binding_body: string | null;
  readonly response_body?: string;
  readonly already_bound_fields?: readonly string[];
  readonly config?: { readonly print_options?: { readonly always_print_enums_as_ints: boolean } };
  readonly message_type?: string;
  readonly field_type?: string;
  readonly routes?: readonly (string | readonly [string, string])[];
  readonly routes_methods?: readonly string[];
  readonly request: {
    readonly method: string | null;
    readonly path: string | null;
    readonly query: string;
    readonly body: string | null;
    readonly headers?: Readonly<Record<string, string>>;
  };
  readonly expect: Expectation;
}

const file = "test/fixtures/transcoding-vectors.jsonl";
const vectors: Vector[] = existsSync(file)
  ? readFileSync(file, "utf8")
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line))
  : [];

const registry = testProtos();
const service = testService(registry, "vectors.VectorService");
const types = createRegistry(...[...registry.files]);

function named(vector: Vector): string {
  const { id, category, source, request } = vector;
  const target = `${request.path ?? vector.template ?? ""}${request.query && "?"}${request.query}`;
  return `${id} ${category}: ${request.method ?? ""} ${target.slice(0, 80)} (${source.split(" ")[0]})`;
}

function expectationOf(vector: Vector): Expectation {
  const rule = otherRules[vector.id];
  return rule === undefined ? vector.expect : { ...vector.expect, ...(rule.expect as Expectation) };
}

function checkTemplate(vector: Vector): void {
  const expected = expectationOf(vector);
  const parse = () => parseTemplate(vector.template ?? "");
  if (expected.template_valid === false) {
    expect(parse).toThrow("path template");
    return;
  }
  const template = parse();
  const written = (segment: Segment) =>
    segment.kind === "literal" ? segment.text : segment.kind === "one" ? "*" : "**";
  if (expected.segments) expect(template.segments.map(written)).toEqual(expected.segments);
  if (expected.verb !== undefined) expect(template.verb).toBe(expected.verb);
  for (const [index, variable] of (expected.variables ?? []).entries()) {
    const { names, start, end } = template.variables[index] ?? { names: [], start: 0, end: 0 };
    expect([names.join("."), start, end]).toEqual(variable);
  }
}

function isNested(text: string): boolean {
  return /\{[^}]*\{/.test(text);
}

function checkRoute(vector: Vector): void {
  const expected = expectationOf(vector);
  const trie = new Trie<string>();
  const given = vector.routes ?? (vector.template === null ? [] : [vector.template]);
  for (const route of given) {
    const [method, text] = typeof route === "string" ? [undefined, route] : route;
    // A variable within a variable is an extension of one project; the grammar forbids it.
    if (isNested(text)) {
      expect(() => parseTemplate(text)).toThrow("path template");
      continue;
    }
    const methods =
      method === undefined ? (vector.routes_methods ?? [vector.method ?? "GET"]) : [method];
    for (const each of methods) trie.add(parseTemplate(text), each, text);
  }
  const { path, method } = vector.request;
  const target = (path ?? "").replace(/\{64000 x '\/'\}/, "/".repeat(64_000));
  if (!target.startsWith("/")) {
    expect(
      createRest(
        createCallPath(() => {}, []),
        restOptions(),
      ).match("GET", target),
    ).toBe(undefined);
    expect(expected.status).toBe(404);
    return;
  }
  const found = trie.find(method ?? "GET", splitPath(target));
  const status = found === undefined ? 404 : found.ok ? 200 : 405;
  expect(status).toBe(expected.status);
  if (!found?.ok) return;
  for (const [name, text] of parametersFrom(vector.request.query)) {
    expect(text).toBe(expected.vars?.[name]);
  }
  if (vector.template !== null && vector.routes !== undefined)
    expect(found.value).toBe(vector.template);
  for (const { names, ...variable } of parseTemplate(found.value).variables) {
    const captured = captureOf({ names, ...variable }, found.path);
    expect(captured).toBe(expected.vars?.[names.join(".")] ?? captured);
  }
}

function restOptions(rules: readonly HttpRule[] = [], enumsAsNumbers = false) {
  return {
    bodyBytesMax: 1 << 20,
    clock: systemClock,
    rules,
    ignoredQueryParameters: ["unknown"],
    json: { names: "json", emitDefaults: false, enumsAsNumbers },
  } as const;
}

function ruleOf(vector: Vector, method: DescMethod): HttpRule {
  return fromJson(HttpRuleSchema, {
    selector: `${service.typeName}.${method.name}`,
    custom: { kind: vector.method ?? "GET", path: vector.template ?? vector.request.path ?? "/" },
    body: vector.already_bound_fields?.[0] ?? vector.binding_body ?? "",
    ...(vector.response_body === undefined ? {} : { responseBody: vector.response_body }),
  });
}

/** Sends a vector's request to a server with its one rule; tells what the handler was given. */
async function exchangeOf(vector: Vector) {
  const name = rpcs[vector.id] ?? rpcs[vector.message_type ?? vector.field_type ?? ""];
  const method = service.methods.find((candidate) => candidate.name === name);
  if (method === undefined) throw new Error(`${vector.id}: no method ${name}`);
  const seen: Message[] = [];
  const answer = answers[vector.id];
  const messages = () => {
    if (answer instanceof ConnectError) throw answer;
    return [answer ?? {}].flat().map((each) => fromJson(method.output, each as JsonValue));
  };
  const calls = createCallPath((router) => {
    if (method.methodKind === "unary") {
      router.rpc(method as DescMethodUnary, (input: Message) => {
        seen.push(input);
        return messages()[0] ?? create(method.output);
      });
    } else {
      router.rpc(method as DescMethodServerStreaming, async function* stream(input: Message) {
        seen.push(input);
        yield* messages();
      });
    }
  }, []);
  const enumsAsNumbers = vector.config?.print_options?.always_print_enums_as_ints ?? false;
  const rest = createRest(calls, restOptions([ruleOf(vector, method)], enumsAsNumbers));
  await using server = await serveRest(rest);
  const { path, query, headers = {}, body, method: httpMethod } = vector.request;
  const json =
    body === null || "Content-Type" in headers ? {} : { "content-type": "application/json" };
  const accept = acceptFields[vector.id];
  const text = body?.replace("{100 x '{\"k\":' then no value}", '{"k":'.repeat(100));
  const sent = await server.send({
    method: httpMethod ?? "GET",
    target: (path ?? "/") + (query === "" ? "" : `?${query}`),
    headers: { ...json, ...headers, ...(accept === undefined ? {} : { accept }) },
    ...(text === undefined ? {} : { body: text.replace("xx.xx/", "type.googleapis.com/") }),
  });
  return { sent, seen, method };
}

async function checkExchange(vector: Vector): Promise<void> {
  const expected = expectationOf(vector);
  const { sent, seen, method } = await exchangeOf(vector);
  expect({ status: sent.status, text: sent.text }).toMatchObject({ status: expected.status });
  if (sent.status >= 400) {
    expect(JSON.parse(sent.text).error).toMatchObject({ request_id: "req-1" });
    return;
  }
  const [input] = seen;
  if (input === undefined) throw new Error("the handler was not called");
  const got = toJson(method.input, input, { registry: types });
  if (expected.message !== undefined) {
    expect(got).toEqual(toJson(method.input, fromJson(method.input, expected.message)));
  }
  if (expected.update_mask_paths !== undefined) {
    expect((input as unknown as { updateMask: { paths: string[] } }).updateMask.paths).toEqual(
      expected.update_mask_paths,
    );
  }
  if (expected.response_is_json_array) expect(JSON.parse(sent.text)).toBeInstanceOf(Array);
  if (expected.body !== undefined) expect(sent.text).toBe(expected.body);
  if (expected.body_json !== undefined) expect(JSON.parse(sent.text)).toEqual(expected.body_json);
  for (const [name, value] of Object.entries(expected.response_headers ?? {})) {
    expect(sent.headers[name.toLowerCase()]).toBe(value);
  }
}

function checkTimeout(vector: Vector): void {
  const read = () =>
    timeoutMsFrom((name) =>
      name === "grpc-timeout" ? vector.request.headers?.["Grpc-Timeout"] : undefined,
    );
  if (vector.expect.status === 400) expect(read).toThrow("grpc-timeout");
  else expect(read()).toBeCloseTo(vector.expect.timeout_ms ?? 0, 9);
}

const routing = new Set(["route-match", "path-unescape", "method-mismatch", "dos"]);

for (const vector of vectors) {
  const why = skipped[vector.id];
  if (why !== undefined) {
    test.skip(`${named(vector)}: ${why}`, () => {});
  } else if (vector.category === "template-parse") {
    test(named(vector), () => checkTemplate(vector));
  } else if (vector.category === "timeout") {
    test(named(vector), () => checkTimeout(vector));
  } else if (routing.has(vector.category) && rpcs[vector.id] === undefined) {
    test(named(vector), () => checkRoute(vector));
  } else {
    test(named(vector), () => checkExchange(vector));
  }
}

test("v305 error-json: an error is sent in this project's shape", () => {
  const error = fault("ROUTE_UNKNOWN", "no such resource", { code: Code.NotFound });
  const answer = restErrorBody(error, { requestId: "req-1", wallMs: 0 });
  expect(answer.status).toBe(404);
  expect(JSON.parse(answer.body).error).toMatchObject({ message: "no such resource" });
});

test("every case is there, and every rule and exception belongs to one", () => {
  const ids = new Set(vectors.map(({ id }) => id));
  expect(ids.size).toBe(257);
  const named = [...Object.keys(otherRules), ...Object.keys(skipped), ...Object.keys(answers)];
  expect(named.filter((id) => !ids.has(id))).toEqual([]);
});
