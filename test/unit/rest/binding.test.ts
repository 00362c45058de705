/** Where a text may go, in the query, the path, a form and a body alike. */

import { type DescMethodUnary, fromJson, type JsonObject } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import { systemClock } from "#core/clock.ts";
import { HttpRuleSchema } from "#gen/google/api/http_pb.js";
import { createRest } from "#rest/rest.ts";
import { createCallPath } from "#rpc/call.ts";
import { serveRest } from "../../support/rest-server.ts";
import { testProtos, testService } from "../../support/test-protos.ts";

const service = testService(testProtos(), "vectors.VectorService");

/** Serves two methods that give back what they are given, and counts their calls. */
async function serve() {
  let calls = 0;
  const path = createCallPath((router) => {
    for (const method of service.methods) {
      if (!["BindParameterValues", "BindEverything"].includes(method.name)) continue;
      router.rpc(method as DescMethodUnary, (input) => {
        calls += 1;
        return input;
      });
    }
  }, []);
  const rule = (name: string, more: JsonObject) =>
    fromJson(HttpRuleSchema, { selector: `vectors.VectorService.${name}`, ...more });
  const rest = createRest(path, {
    bodyBytesMax: 4096,
    clock: systemClock,
    json: { emitDefaults: false },
    rules: [
      rule("BindParameterValues", {
        get: "/v1/query",
        additionalBindings: [
          { post: "/v1/body", body: "*" },
          { get: "/v1/time/{timestamp}" },
          { get: "/v1/count/{uint32_value}" },
        ],
      }),
      rule("BindEverything", {
        get: "/v1/any",
        additionalBindings: [{ post: "/v1/any", body: "*" }],
      }),
    ],
  });
  const server = await serveRest(rest);
  return Object.assign(server, { calls: () => calls });
}

const form = { "content-type": "application/x-www-form-urlencoded" };
const json = { "content-type": "application/json" };

/** The ways in which a text can be given to a field. */
const ways = {
  query: (name: string, text: string) => ({
    target: `/v1/query?${name}=${encodeURIComponent(text)}`,
  }),
  form: (name: string, text: string) => ({
    method: "POST",
    target: "/v1/body",
    headers: form,
    body: `${name}=${encodeURIComponent(text)}`,
  }),
  body: (name: string, text: string) => ({
    method: "POST",
    target: "/v1/body",
    headers: json,
    body: JSON.stringify({ [name]: name.endsWith("list") ? [text] : text }),
  }),
} as const;

describe.each(Object.entries(ways))("by %s", (_way, request) => {
  test.each([
    ["timestamp", "2023-02-31T00:00:00Z"],
    ["timestamp", "2023-02-28T24:00:00Z"],
    ["timestamp_list", "2023-02-31T00:00:00Z"],
    ["duration", "315576000001s"],
    ["duration", "1.0000000001s"],
    ["duration", "1sx"],
    ["uint32_value", "4294967296"],
    ["uint32_value", "-1"],
    ["uint32_value_wrapper", "4294967296"],
    ["int64_value", "9223372036854775808"],
    ["enum_value", "Female"],
    ["enum_list", "X"],
  ])("%s does not take %s, and the handler is not called", async (name, text) => {
    await using server = await serve();
    const answer = await server.send(request(name, text));
    const { error } = JSON.parse(answer.text);
    expect([answer.status, server.calls()]).toEqual([400, 0]);
    expect(error.message).toMatch(new RegExp(`^${name}(\\[0\\])?: expected `));
    expect(error.details[1].field_violations).toHaveLength(1);
  });

  test.each([
    ["uint32_value", "4294967295", 4294967295],
    ["int64_value", "9223372036854775807", "9223372036854775807"],
    ["timestamp", "2024-02-29T00:00:00Z", "2024-02-29T00:00:00Z"],
    ["enum_value", "ENUM_VALUE", "ENUM_VALUE"],
  ])("%s takes %s", async (name, text, value) => {
    await using server = await serve();
    const answer = await server.send(request(name, text));
    expect(JSON.parse(answer.text)).toEqual({ [name]: value });
  });
});

test.each([
  "/v1/time/2023-02-31T00:00:00Z",
  "/v1/time/2023-01-01T24:00:00Z",
  "/v1/count/4294967296",
  "/v1/count/-1",
])("%s is refused", async (target) => {
  await using server = await serve();
  const answer = await server.send({ target });
  expect([answer.status, server.calls()]).toEqual([400, 0]);
});

describe("keys of a map are judged by their value", () => {
  const names = (one: string, other: string) =>
    `${encodeURIComponent(one)}=0&${encodeURIComponent(other)}=1`;

  test.each([
    ["enums[1]", "enums[01]"],
    ["enums[1]", "enums[1]"],
    ["enums[0]", "enums[-0]"],
    ["labels[a]", "labels[a]"],
  ])("%s and %s are one", async (one, other) => {
    await using server = await serve();
    for (const request of [
      { target: `/v1/query?${names(one, other)}` },
      { method: "POST", target: "/v1/body", headers: form, body: names(one, other) },
    ]) {
      const answer = await server.send(request);
      expect(JSON.parse(answer.text).error.message).toBe(`${other}: given more than once`);
    }
    expect(server.calls()).toBe(0);
  });

  test.each([
    ["enums[1]", "enums[10]"],
    ["labels[1]", "labels[01]"],
  ])("%s and %s are two", async (one, other) => {
    await using server = await serve();
    const answer = await server.send({ target: `/v1/query?${names(one, other)}` });
    expect(Object.values(JSON.parse(answer.text))).toEqual([
      expect.toSatisfy((map: object) => Object.keys(map).length === 2),
    ]);
  });
});

describe("an Any", () => {
  const url = "type.googleapis.com/nope.T";

  test.each([
    `?anytype.type_url=${url}&anytype.value=CAE%3D`,
    "?anytype.value=CAE%3D",
    `?anytype=${encodeURIComponent(JSON.stringify({ "@type": url }))}`,
  ])("cannot be named in a query or form: %s", async (query) => {
    await using server = await serve();
    const byQuery = await server.send({ target: `/v1/any${query}` });
    const byForm = await server.send({
      method: "POST",
      target: "/v1/any",
      headers: form,
      body: query.slice(1),
    });
    expect([byQuery.status, byForm.status, server.calls()]).toEqual([400, 400, 0]);
  });

  test("of an unknown type is refused in a body, before the call", async () => {
    await using server = await serve();
    const body = JSON.stringify({ anytype: { "@type": url, a: 1 } });
    const answer = await server.send({ method: "POST", target: "/v1/any", headers: json, body });
    expect([answer.status, server.calls()]).toEqual([400, 0]);
    expect(JSON.parse(answer.text).error.message).toBe(
      'anytype: expected a JSON object with an "@type" that is known here',
    );
  });
});
