/** What calls say is kept where that is switched on, and never otherwise; media and secrets never. */

import { readFileSync } from "node:fs";
import { createClient } from "@connectrpc/connect";
import OpenAI from "openai";
import { expect, test } from "vitest";
import { ChatService } from "#gen/polygate/v1/chat_pb.js";
import { PredictService } from "#gen/polygate/v1/predict_pb.js";
import { RequestsService } from "#gen/polygate/v1/requests_pb.js";
import { digitImage, type RunningGateway, startTestGateway } from "../support/gateway.ts";
import { startProvider } from "../support/provider-double.ts";
import { grpcTo } from "../support/transports.ts";

const gatewayWith = (requests: string, providerUrl: string) =>
  startTestGateway({
    yaml: `
gateway: { host: 127.0.0.1, port: 0 }
auth: { anonymous_scopes: [admin] }
requests: ${requests}
providers: { one: { dialect: openai, base_url: "${providerUrl}", api_key: k, default_model: double } }
`,
  });

const requestOf = (gateway: RunningGateway, requestId: string) =>
  createClient(RequestsService, grpcTo(gateway.url)).getRequest({ requestId });

const headers = (requestId: string) => ({ headers: { "x-request-id": requestId } });

test("nothing is kept unless it is switched on", async () => {
  await using provider = await startProvider("openai-chat");
  await using gateway = await gatewayWith("{}", provider.url);
  const chat = createClient(ChatService, grpcTo(gateway.url));
  await chat.chat({ message: "nobody keeps this", modelPreference: "one" }, headers("a"));
  const { requestBody, responseBody } = await requestOf(gateway, "a");
  expect([requestBody, responseBody]).toEqual([undefined, undefined]);
});

test("whole calls, streams and calls of a vendor's SDK are kept; credentials and images are not", async () => {
  await using provider = await startProvider("openai-chat");
  await using gateway = await gatewayWith("{ capture: true }", provider.url);
  const chat = createClient(ChatService, grpcTo(gateway.url));
  const secret = "sk-proj-abcdefghijklmnop1234";
  await chat.chat({ message: `my key is ${secret}`, modelPreference: "one" }, headers("whole"));
  const whole = await requestOf(gateway, "whole");
  expect(JSON.parse(whole.requestBody?.json ?? "")).toMatchObject({
    message: "my key is [redacted]",
  });
  expect(JSON.parse(whole.responseBody?.json ?? "")).toMatchObject({ response: "Hello there" });

  for await (const _ of chat.streamChat(
    { message: "Hi", modelPreference: "one" },
    headers("stream"),
  ));
  const stream = await requestOf(gateway, "stream");
  expect(JSON.parse(stream.requestBody?.json ?? "")).toMatchObject({ message: "Hi" });
  const pieces = JSON.parse(stream.responseBody?.json ?? "") as { delta?: string }[];
  expect(pieces.map(({ delta = "" }) => delta).join("")).toBe("Hello there");

  const openai = new OpenAI({ apiKey: "sk-caller-key-0123456789", baseURL: `${gateway.url}/v1` });
  await openai.chat.completions.create(
    {
      model: "one",
      messages: [
        {
          role: "user",
          content: [
            { type: "text", text: "See" },
            {
              type: "image_url",
              image_url: { url: `data:image/png;base64,${readFileSync(digitImage(7), "base64")}` },
            },
          ],
        },
      ],
    },
    headers("sdk"),
  );
  const { requestBody } = await requestOf(gateway, "sdk");
  expect(requestBody?.json).toContain('"See"');
  expect(requestBody?.json).toMatch(/<\d+ bytes>/);
  expect(requestBody?.json).not.toContain("iVBOR");

  const file = readFileSync(digitImage(7));
  await createClient(PredictService, grpcTo(gateway.url)).predict(
    { model: "digits", file },
    headers("image"),
  );
  const image = await requestOf(gateway, "image");
  expect(JSON.parse(image.requestBody?.json ?? "")).toEqual({
    model: "digits",
    file: `<${file.length} bytes>`,
  });
  expect(image.responseBody?.json).toContain('"label":"7"');
});

test("a long call is cut at capture_size, and a stream whose client leaves is kept as far as it came", async () => {
  await using provider = await startProvider("openai-chat");
  await using gateway = await gatewayWith("{ capture: true, capture_size: 1kB }", provider.url);
  const chat = createClient(ChatService, grpcTo(gateway.url));
  const stop = Array.from({ length: 4 }, (_, index) => `${index}`.repeat(400));
  const messages = Array.from({ length: 200 }, (_, index) => ({
    role: "user",
    content: `turn ${index}`,
  }));
  await chat.chat({ messages, stop, modelPreference: "one" }, headers("long"));
  const { requestBody } = await requestOf(gateway, "long");
  expect(requestBody?.truncated).toBe(true);
  expect(() => JSON.parse(requestBody?.json ?? "")).not.toThrow();
  expect(requestBody?.json.length).toBeLessThan(2_000);
  for await (const _ of chat.streamChat(
    { message: "left early", modelPreference: "one" },
    headers("left"),
  ))
    break;
  const left = async () => await requestOf(gateway, "left").catch(() => undefined);
  let kept = await left();
  while (kept === undefined) kept = await left();
  expect(kept.requestBody?.json).toContain("left early");
});

test("the ring stays within its size however much is captured", async () => {
  await using provider = await startProvider("openai-chat");
  await using gateway = await gatewayWith(
    "{ capture: true, capture_size: 16kB, max: 1000, max_size: 100kB }",
    provider.url,
  );
  const chat = createClient(ChatService, grpcTo(gateway.url));
  for (let call = 0; call < 20; call += 1) {
    await chat.chat({ message: "word ".repeat(3_000), modelPreference: "one" });
  }
  const { kept } = await createClient(RequestsService, grpcTo(gateway.url)).listRequests({});
  expect(kept).toBeGreaterThan(0);
  expect(kept).toBeLessThan(20);
});
