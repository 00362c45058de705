/** The mask that a PATCH leaves to its body. */

import {
  create,
  createRegistry,
  type DescField,
  type DescMethodUnary,
  fromJson,
  type Message,
} from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import { systemClock } from "#core/clock.ts";
import { HttpRuleSchema } from "#gen/google/api/http_pb.js";
import { JsonReader } from "#json/reader.ts";
import { setMask } from "#rest/field-mask.ts";
import { createRest } from "#rest/rest.ts";
import { createCallPath } from "#rpc/call.ts";
import { serveRest } from "../../support/rest-server.ts";
import { testProtos, testService } from "../../support/test-protos.ts";

const files = testProtos();
const desc = files.getMessage("vectors.UpdateRequest");
const reader = new JsonReader({
  registry: createRegistry(...files.files),
  ignoreUnknownFields: true,
});

function field<K extends DescField["fieldKind"]>(name: string, kind: K) {
  const found = desc?.fields.find((candidate) => candidate.name === name);
  if (found?.fieldKind !== kind) throw new Error(name);
  return found as DescField & { readonly fieldKind: K };
}

function maskOf(body: string): readonly string[] | undefined {
  if (desc === undefined) throw new Error("no message");
  const message = create(desc) as Message & { updateMask?: { paths: string[] } };
  const paths: string[] = [];
  void reader.readField({ message, field: field("abe", "message"), text: body, paths });
  setMask(message, field("update_mask", "message"), paths);
  return message.updateMask?.paths;
}

test.for([
  {
    name: "names both ways become proto names, sorted",
    body: '{"uuid":"1","boolValue":true}',
    paths: ["bool_value", "uuid"],
  },
  {
    name: "messages are descended into",
    body: '{"singleNested":{"amount":1,"name":"a"}}',
    paths: ["single_nested.amount", "single_nested.name"],
  },
  {
    name: "an empty message is named itself",
    body: '{"single_nested":{}}',
    paths: ["single_nested"],
  },
  { name: "null names its field", body: '{"single_nested":null}', paths: ["single_nested"] },
  {
    name: "maps and Any are named whole",
    body: '{"mapped_string_value":{"a":"b"},"anytype":{"@type":"type.googleapis.com/vectors.NestedId","val":"1"}}',
    paths: ["anytype", "mapped_string_value"],
  },
  { name: "unknown names are left out", body: '{"nope":1,"__proto__":{}}', paths: [] },
])("$name", ({ body, paths }) => {
  expect(maskOf(body)).toEqual(paths);
});

describe("paths that lowerCamelCase does not give back", () => {
  const method = testService(files, "vectors.VectorService").methods.find(
    ({ name }) => name === "BindAddress",
  );
  const calls = createCallPath((router) => {
    if (method === undefined) throw new Error("no method");
    router.rpc(method as DescMethodUnary, (input) => input);
  }, []);
  const selector = "vectors.VectorService.BindAddress";
  const patch = fromJson(HttpRuleSchema, { selector, patch: "/v1/address", body: "address" });
  const post = fromJson(HttpRuleSchema, { selector, post: "/v1/address", body: "*" });

  async function answerTo(rule: typeof patch, query: string, body: string, names = "proto") {
    await using server = await serveRest(
      createRest(calls, {
        bodyBytesMax: 4096,
        clock: systemClock,
        rules: [rule],
        json: { names: names === "json" ? "json" : "proto", emitDefaults: false },
      }),
    );
    const answer = await server.send({
      method: rule === patch ? "PATCH" : "POST",
      target: `/v1/address${query}`,
      headers: { "content-type": "application/json" },
      body,
    });
    return { status: answer.status, json: JSON.parse(answer.text) };
  }

  test.each([
    ["named by the body", "", '{"line_1":"x"}', "line_1"],
    ["named by the body in JSON", "", '{"line1":"x"}', "line_1"],
    ["of a name with capitals", "", '{"lineTwo":"x"}', "lineTwo"],
    ["deep in the body", "", '{"billing":{"line_1":"x"},"line_1":"y"}', "billing.line_1,line_1"],
    ["named by the query", "?update_mask=line_1", "{}", "line_1"],
    [
      "beside others in the query",
      "?updateMask=billing.line_1,billing",
      "{}",
      "billing.line_1,billing",
    ],
    ["of everything", "?update_mask=*", "{}", "*"],
  ])("%s reach the handler, and come back", async (_name, query, body, mask) => {
    expect(await answerTo(patch, query, body)).toMatchObject({
      status: 200,
      json: { update_mask: mask },
    });
  });

  test("come back wherever they stand, in either names", async () => {
    const message = {
      address: { line_1: "x" },
      update_mask: "line_1",
      others: { a: { update_mask: "lineTwo.line_1" }, b: {}, c: { update_mask: "a_b" } },
    };
    expect(await answerTo(post, "", JSON.stringify(message))).toEqual({
      status: 200,
      json: { ...message, others: { ...message.others, c: { update_mask: "aB" } } },
    });
    expect((await answerTo(post, "", JSON.stringify(message), "json")).json).toMatchObject({
      updateMask: "line_1",
      others: { c: { updateMask: "aB" } },
    });
  });

  test.each(["?update_mask=a,,b", "?update_mask=a%20b", "?update_mask=1"])(
    "%s is refused before the call",
    async (query) => {
      expect((await answerTo(patch, query, "{}")).status).toBe(400);
    },
  );
});

describe("a PATCH", () => {
  const method = testService(testProtos(), "vectors.VectorService").methods.find(
    ({ name }) => name === "BindUpdate",
  );
  const calls = createCallPath((router) => {
    if (method === undefined) throw new Error("no method");
    router.rpc(method as DescMethodUnary, (input) => input);
  }, []);
  const rule = fromJson(HttpRuleSchema, {
    selector: "vectors.VectorService.BindUpdate",
    patch: "/v1/update/{abe.uuid}",
    body: "abe",
  });
  const form = { "content-type": "application/x-www-form-urlencoded" };
  const parts = { "content-type": "multipart/form-data; boundary=b" };
  const part = (name: string, text: string) =>
    `--b\r\ncontent-disposition: form-data; name="${name}"\r\n\r\n${text}\r\n`;

  test.for([
    { name: "in JSON", headers: {}, body: '{"boolValue":true,"stringValue":""}' },
    { name: "as a form", headers: form, body: "bool_value=true&stringValue=" },
    {
      name: "in parts",
      headers: parts,
      body: `${part("string_value", "")}${part("boolValue", "true")}--b--`,
    },
  ])("$name says which fields it has", async ({ headers, body }) => {
    await using server = await serveRest(
      createRest(calls, { bodyBytesMax: 4096, clock: systemClock, rules: [rule] }),
    );
    const send = async (query: string) => {
      const target = `/v1/update/u-1${query}`;
      const answer = await server.send({ method: "PATCH", target, headers, body });
      return JSON.parse(answer.text);
    };
    expect(await send("")).toMatchObject({
      abe: { uuid: "u-1", bool_value: true },
      update_mask: "boolValue,stringValue",
    });
    // A mask of its own wins.
    expect(await send("?update_mask=uuid")).toMatchObject({ update_mask: "uuid" });
    // One that is left empty says nothing.
    expect(await send("?update_mask=")).toMatchObject({ update_mask: "boolValue,stringValue" });
  });

  test.each(["", "{}", "null"])(
    "with a body of %j changes nothing: its mask is empty",
    async (body) => {
      await using server = await serveRest(
        createRest(calls, {
          bodyBytesMax: 4096,
          clock: systemClock,
          rules: [rule],
          json: { emitDefaults: false },
        }),
      );
      for (const query of ["", "?update_mask="]) {
        const headers = { "content-type": "application/json" };
        const target = `/v1/update/u-1${query}`;
        const answer = await server.send({ method: "PATCH", target, headers, body });
        expect(JSON.parse(answer.text)).toEqual({ abe: { uuid: "u-1" }, update_mask: "" });
      }
    },
  );
});
