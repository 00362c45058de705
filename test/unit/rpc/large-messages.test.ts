/** Messages that are large enough to lie in lent memory: each arrives with its own bytes, whatever else goes on. */

import { Code, createClient } from "@connectrpc/connect";
import { createConnectTransport, createGrpcTransport } from "@connectrpc/connect-node";
import { describe, expect, test } from "vitest";
import { seededRng } from "#core/rng.ts";
import { ChatService } from "#gen/polygate/v1/chat_pb.js";
import { serveRpc } from "#rpc/serve.ts";

const streams = 24;
const messages = 40;

/** The text of one message: no other one has it. */
function textOf(stream: string, index: number, length: number): string {
  return `${stream}:${index};`.repeat(length / 8).slice(0, length);
}

/** Lengths about the borders of what is lent. */
function lengthOf(index: number): number {
  return [100, 2_000, 4_050, 4_200, 9_000, 16_384, 20_000, 33_000, 70_000][index % 9] ?? 0;
}

describe.each(["gRPC", "Connect, compressed"])("%s", (protocol) => {
  const transportTo = (baseUrl: string) =>
    protocol === "gRPC"
      ? createGrpcTransport({ baseUrl, acceptCompression: [] })
      : createConnectTransport({ baseUrl, httpVersion: "2" });

  test("streams side by side, some of which are left, do not mix", async () => {
    await using server = await serveRpc(
      (router) =>
        router.service(ChatService, {
          async *streamChat({ message }) {
            for (let index = 0; index < messages; index += 1) {
              yield { delta: textOf(message, index, lengthOf(index)) };
            }
          },
          chat: ({ message }) => ({ response: textOf(message, 0, 20_000) }),
        }),
      { port: 0 },
    );
    const rng = seededRng(5);
    const client = createClient(ChatService, transportTo(server.url));
    const read = async (stream: string, until: number) => {
      let index = 0;
      for await (const { delta } of client.streamChat({ message: stream })) {
        // Not toBe: a difference of megabytes takes minutes to print.
        expect(delta === textOf(stream, index, lengthOf(index))).toBe(true);
        index += 1;
        if (index === until) break;
        if (rng.next() < 0.1) await new Promise((resolve) => setTimeout(resolve, 2));
      }
      return index;
    };
    const call = async (name: string) => {
      const { response } = await client.chat({ message: name });
      expect(response === textOf(name, 0, 20_000)).toBe(true);
    };
    const untils = Array.from({ length: streams }, (_, index) =>
      index % 4 === 0 ? 1 + Math.floor(rng.next() * messages) : messages,
    );
    const reads = untils.map((until, index) => read(`stream ${index}`, until));
    for (let round = 0; round < 10; round += 1) {
      await Promise.all(Array.from({ length: 10 }, (_, index) => call(`call ${round} ${index}`)));
    }
    expect(await Promise.all(reads)).toEqual(untils);
  });
});

test("a client that leaves in the middle of large messages costs others nothing", async () => {
  await using server = await serveRpc(
    (router) =>
      router.service(ChatService, {
        async *streamChat({ message }) {
          for (let index = 0; ; index += 1) yield { delta: textOf(message, index, 16_384) };
        },
      }),
    { port: 0 },
  );
  const to = { baseUrl: server.url, acceptCompression: [] };
  const leaver = createClient(ChatService, createGrpcTransport(to));
  const stayer = createClient(ChatService, createGrpcTransport(to));
  const staying = (async () => {
    let index = 0;
    for await (const { delta } of stayer.streamChat({ message: "stay" })) {
      expect(delta === textOf("stay", index, 16_384)).toBe(true);
      index += 1;
      if (index === 400) return index;
    }
    return index;
  })();
  for (let round = 0; round < 20; round += 1) {
    const leaving = new AbortController();
    const answers = leaver.streamChat({ message: `leave ${round}` }, { signal: leaving.signal });
    const left = (async () => {
      for await (const _ of answers) leaving.abort();
    })();
    await expect(left).rejects.toMatchObject({ code: Code.Canceled });
  }
  expect(await staying).toBe(400);
});
