/** JSON that is nested too deep, or has too many members, is the caller's mistake on every surface, wherever it stands. */

import { createClient } from "@connectrpc/connect";
import { describe, expect, test } from "vitest";
import { reasonOf } from "#errors/fault.ts";
import { faultFrom } from "#errors/from-unknown.ts";
import { ChatService } from "#gen/polygate/v1/chat_pb.js";
import { clientKey, useDialectGateway } from "../support/dialect-gateway.ts";
import { grpcTo } from "../support/transports.ts";

const dialects = ["openai-chat", "openai-responses", "anthropic", "gemini", "ollama"] as const;
const use = useDialectGateway(dialects);

const paths = [
  "/api/v1/chat",
  "/api/v1/models/digits:predict",
  "/polygate.v1.ChatService/Chat",
  "/inference.GRPCInferenceService/ModelInfer",
  "/v1/chat/completions",
  "/v1/responses",
  "/v1/completions",
  "/v1/embeddings",
  "/v1/messages",
  "/v1/messages/count_tokens",
  "/v1beta/models/double:generateContent",
  "/v1beta/models/double:embedContent",
  "/v2/models/digits/infer",
  "/v1/models/digits:predict",
];

const deep = (levels: number) => "[".repeat(levels) + "]".repeat(levels);
const bodies: readonly (readonly [name: string, body: string])[] = [
  ["101 levels", `{"x":${deep(101)}}`],
  ["a million levels", `{"x":${deep(1_000_000)}}`],
  ["a million levels that are never closed", `{"x":${"[".repeat(1_000_000)}`],
  ["half a million members", `{"x":[${"0,".repeat(500_000)}0]}`],
];

describe.each(bodies)("%s", (_name, body) => {
  test.each(paths)("is refused at %s, and no provider hears of it", async (path) => {
    const response = await fetch(use.url + path, {
      method: "POST",
      headers: { authorization: `Bearer ${clientKey}`, "content-type": "application/json" },
      body,
    });
    const text = await response.text();
    // Connect tells of too many elements by the status of an exhausted resource.
    expect([400, 413, 429], text).toContain(response.status);
    expect(use.heard()).toEqual([]);
  });
});

describe("JSON in a text of a message", () => {
  const json = `{"type":"object","x":${deep(100_000)}}`;
  const asks = {
    "a tool's parameters": { tools: [{ name: "t", parametersJson: json }] },
    "a response's schema": { responseFormat: { kind: 3, name: "n", schemaJson: json } },
  };
  const rows = dialects.flatMap((dialect) =>
    Object.entries(asks).map(([name, ask]) => [name, dialect, ask] as const),
  );

  test.each(rows)(
    "%s, however deep, goes to a provider of the dialect %s as it is, or is named",
    async (_name, dialect, ask) => {
      const chats = createClient(ChatService, grpcTo(use.url, clientKey));
      const request = { modelPreference: `${dialect}/double`, message: "Hi", ...ask };
      const refused = await chats.chat(request as never).then(
        () => undefined,
        (thrown: unknown) => reasonOf(faultFrom(thrown)),
      );
      if (refused === undefined) expect(use.heard()).toHaveLength(1);
      else expect(refused).toMatch(/^PARAMETER_(INVALID|UNSUPPORTED)$/);
    },
  );
});
