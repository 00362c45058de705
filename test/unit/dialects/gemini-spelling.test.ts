/** Gemini's clients may spell fields as the proto does, and types in capitals: what they ask for is the same. */

import { describe, expect, test } from "vitest";
import { batchEmbedContents } from "#dialects/gemini/embed-server.ts";
import { readGenerateContent } from "#dialects/gemini/request-reader.ts";
import { jsonSchemaOf } from "#dialects/gemini/schema.ts";

const png = "iVBORw0KGgo=";
const args = { userName: 1, snake_case: 2 };

/** What Python's SDK writes, in both spellings. */
const camel = {
  systemInstruction: { parts: [{ text: "Be brief" }] },
  contents: [
    { role: "user", parts: [{ text: "Hi" }, { inlineData: { mimeType: "image/png", data: png } }] },
    { role: "model", parts: [{ functionCall: { name: "f", args }, thoughtSignature: "U0lH" }] },
    {
      role: "user",
      parts: [
        { functionResponse: { name: "f", response: { output: "done" } } },
        { fileData: { mimeType: "application/pdf", fileUri: "https://example.com/a.pdf" } },
      ],
    },
  ],
  tools: [
    { functionDeclarations: [{ name: "f", parametersJsonSchema: { type: "object" } }] },
    { googleSearch: {} },
  ],
  toolConfig: { functionCallingConfig: { mode: "ANY", allowedFunctionNames: ["f"] } },
  generationConfig: {
    maxOutputTokens: 5,
    topP: 0.5,
    stopSequences: ["x"],
    responseMimeType: "application/json",
    responseJsonSchema: { type: "object" },
    thinkingConfig: { includeThoughts: true, thinkingLevel: "LOW" },
  },
};

/** Names of fields that are not the proto's own. */
const notFields: ReadonlySet<string> = new Set(Object.keys(args));

function inSnakeCase(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inSnakeCase);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, field]) => [
      notFields.has(name) ? name : name.replaceAll(/[A-Z]/g, (c) => `_${c.toLowerCase()}`),
      inSnakeCase(field),
    ]),
  );
}

describe("a request in the proto's spelling", () => {
  const plain = readGenerateContent(camel, "m", false);
  const snake = readGenerateContent(inSnakeCase(camel), "m", false);

  test("means what the same one means in JSON's, arguments of calls as they are", () => {
    const [, hosted] = snake.request.tools ?? [];
    expect(hosted?.name).toBe("google_search");
    expect(snake.unknown).toEqual([]);
    const withoutHosted = ({ request }: typeof plain) => ({
      ...request,
      tools: request.tools?.slice(0, 1),
    });
    expect(withoutHosted(snake)).toEqual(withoutHosted(plain));
    expect(JSON.stringify(snake.request.messages)).toContain("snake_case");
  });

  test("is refused with the place as its client spelled it", () => {
    const read = (generation_config: object) => () =>
      readGenerateContent({ contents: camel.contents, generation_config }, "m", false);
    expect(read({ max_output_tokens: "many" })).toThrow(/generation_config\.max_output_tokens/);
    expect(read({ maxOutputTokens: "many" })).toThrow(/generation_config\.maxOutputTokens/);
  });

  test("names what nobody knows as its client spelled it", () => {
    const body = {
      contents: camel.contents,
      safety_settings: [{}],
      generation_config: { odd_one: 1 },
    };
    expect(readGenerateContent(body, "m", false).unknown.toSorted()).toEqual([
      "generation_config.odd_one",
      "safety_settings",
    ]);
  });

  test("asks for vectors, too", () => {
    const one = {
      content: { parts: [{ text: "a" }] },
      task_type: "QUERY",
      output_dimensionality: 3,
    };
    const { request } = batchEmbedContents("m").read({ requests: [one] });
    expect(request).toMatchObject({ task: "query", dimensions: 3 });
  });
});

describe("a schema of Gemini's own kind", () => {
  test("is JSON Schema to everybody else, names of properties as they are", () => {
    const schema = {
      type: "OBJECT",
      property_ordering: ["first_name"],
      required: ["first_name"],
      properties: {
        first_name: { type: "STRING", nullable: true, min_length: "2", example: "Ann" },
        any_of: { any_of: [{ type: "INTEGER" }, { type: "NULL" }] },
        tags: { type: "array", items: { type: "STRING", enum: ["A", "B"] }, maxItems: 3 },
        free: { type: "TYPE_UNSPECIFIED", additional_properties: { type: "NUMBER" } },
      },
    };
    expect(jsonSchemaOf(schema)).toEqual({
      type: "object",
      required: ["first_name"],
      properties: {
        first_name: { type: ["string", "null"], minLength: 2 },
        any_of: { anyOf: [{ type: "integer" }, { type: "null" }] },
        tags: { type: "array", items: { type: "string", enum: ["A", "B"] }, maxItems: 3 },
        free: { additionalProperties: { type: "number" } },
      },
    });
  });

  test("that is none stays what it was", () => {
    for (const odd of [true, null, "text", 3, [{ type: "STRING" }]]) {
      expect(jsonSchemaOf(odd)).toEqual(odd);
    }
  });

  test("reaches the canonical request so, of tools and of responses", () => {
    const body = {
      contents: camel.contents,
      tools: [{ functionDeclarations: [{ name: "f", parameters: { type: "OBJECT" } }] }],
      generationConfig: { responseSchema: { type: "ARRAY", items: { type: "STRING" } } },
    };
    const { request } = readGenerateContent(body, "m", false);
    expect(request.tools?.[0]?.parametersJson).toBe('{"type":"object"}');
    expect(JSON.parse(request.responseFormat?.schemaJson ?? "")).toEqual({
      type: "array",
      items: { type: "string" },
    });
  });
});
