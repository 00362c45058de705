/** What cores answer over HTTP: responses, and what stands in place of one. */

import { describe, expect, test } from "vitest";
import { eventsOf, readError, readResponse } from "#backends/http-core/response-reader.ts";
import { Assembler } from "#chat/assemble.ts";
import { infoMetadataOf, reasonOf, retryAfterMsFrom } from "#errors/fault.ts";
import { faultFrom } from "#errors/from-unknown.ts";

describe("a response", () => {
  test("has words, model, usage, tools and end", () => {
    const response = readResponse({
      response: "Paris",
      model_used: "twin-1",
      usage: { prompt_tokens: 3, completion_tokens: 5, total_tokens: 9 },
      tools_called: ["search", { name: "read" }, 7, ""],
      finish_reason: "length",
    });
    expect(response).toMatchObject({
      response: "Paris",
      modelUsed: "twin-1",
      usage: { promptTokens: 3, completionTokens: 5, totalTokens: 9 },
      toolsCalled: ["search", "read"],
      finishReason: "length",
    });
  });

  test("needs no more than words, and may be empty", () => {
    expect(readResponse({ response: "" })).toMatchObject({
      ...{ response: "", modelUsed: "", finishReason: "stop", toolsCalled: [] },
      usage: { promptTokens: 0, completionTokens: 0, totalTokens: 0 },
    });
  });

  test.each(["answer", "result"])("may have its words in `%s`", (field) => {
    expect(readResponse({ [field]: "Paris" }).response).toBe("Paris");
  });

  test("counts what it does not sum up", () => {
    const usage = { prompt_tokens: 3, completion_tokens: 5 };
    expect(readResponse({ response: "x", usage }).usage?.totalTokens).toBe(8);
  });

  test("has as many tools, and as long names, as its bound", () => {
    const tools = Array.from({ length: 200 }, () => "n".repeat(1_000));
    const { toolsCalled } = readResponse({ response: "x", tools_called: tools });
    expect([toolsCalled.length, toolsCalled[0]?.length]).toEqual([128, 256]);
  });

  test.each([undefined, null, "Paris", [], {}, { response: 7 }, { error: "no" }])(
    "is not %j",
    (value) => {
      const read = () => readResponse(value);
      expect(read).toThrow("the core's response has no text `response`");
      try {
        read();
      } catch (thrown) {
        expect(reasonOf(faultFrom(thrown))).toBe("BACKEND_MALFORMED");
      }
    },
  );

  test.each(["Paris", ""])("%j is the same as events", (words) => {
    const response = readResponse({ response: words, model: "m", usage: { total_tokens: 2 } });
    const assembler = new Assembler();
    for (const event of eventsOf(response)) assembler.add(event);
    const { parts, modelUsed, usage, stop } = assembler.response;
    const said = parts.map(({ content }) => (content.case === "text" ? content.value.text : ""));
    expect([said.join(""), modelUsed, usage?.totalTokens, stop?.raw]).toEqual([
      ...[words, "m", 2],
      "stop",
    ]);
  });
});

describe("an error", () => {
  const errorOf = (status: number, body: unknown, headers = {}) => {
    const error = readError({ status, headers, body }, "query");
    return { reason: reasonOf(error), words: error.rawMessage, error };
  };

  test.each<[number, unknown, string, string]>([
    [400, { detail: "query is too long" }, "BACKEND_REJECTED", "query is too long"],
    [400, { error: { message: "no" } }, "BACKEND_REJECTED", "no"],
    [400, { message: "no" }, "BACKEND_REJECTED", "no"],
    [
      422,
      { detail: [{ loc: ["body", "query"], msg: "field required", type: "missing" }] },
      "BACKEND_REJECTED",
      "body.query: field required",
    ],
    [400, "<html>", "BACKEND_REJECTED", "the core refused the request"],
    [
      401,
      { detail: "your token s3cret" },
      "BACKEND_UNAUTHENTICATED",
      "the core does not admit the gateway",
    ],
    [403, "", "BACKEND_UNAUTHENTICATED", "the core does not admit the gateway"],
    [404, { detail: "Not Found" }, "BACKEND_FAILED", "the core does not know POST /v1/query"],
    [405, "", "BACKEND_FAILED", "the core does not know POST /v1/query"],
    [413, "", "BODY_TOO_LARGE", "the core refused the request"],
    [429, "", "BACKEND_RATE_LIMITED", "the core refused the request"],
    [500, "Traceback /srv/app.py", "BACKEND_FAILED", "the core failed"],
    [503, "", "BACKEND_OVERLOADED", "the core is overloaded"],
    [504, "", "BACKEND_TIMEOUT", "the core took too long"],
    [307, "", "BACKEND_FAILED", "the core failed"],
  ])("%i %j is %s: %s", (status, body, reason, words) => {
    expect(errorOf(status, body)).toMatchObject({ reason, words });
  });

  test("tells its status, and when to come again", () => {
    const { error } = errorOf(503, "", { "retry-after": "7" });
    expect([infoMetadataOf(error).upstream_status, retryAfterMsFrom(error)]).toEqual([
      "503",
      7_000,
    ]);
  });
});
