/** Cores that scenarios put behind a gateway, and break: a light agent on real connections. */

import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { createServer, type Http2Session, type ServerHttp2Stream } from "node:http2";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { create } from "@bufbuild/protobuf";
import { connectNodeAdapter } from "@connectrpc/connect-node";
import type { Agent } from "#agent/agent.ts";
import { registerCoreService } from "#agent/service.ts";
import {
  ChatResponseSchema,
  CoreService,
  ModelSchema,
  StreamChatResponseSchema,
} from "#gen/polyagent/core/v1/core_pb.js";
import { createHealthStatus, registerHealth } from "#rpc/health.ts";
import { type CoreServer, startCoreServer } from "../support/core-server.ts";

const pieceCount = 20;
const pieceEveryMs = 50;
const longMs = 600_000;

/**
 * Answers at once, but for the word `silence`, which it never answers; its streams take a second for
 * twenty pieces, and after the word `endless` they do not end.
 */
export function pacedAgent(): Agent {
  return {
    async chat({ messages }, { signal }) {
      if (messages.at(-1)?.content === "silence") await sleep(longMs, undefined, { signal });
      return create(ChatResponseSchema, { content: "hello", finishReason: "stop" });
    },
    async *streamChat({ messages }, { signal }) {
      const most = messages.at(-1)?.content === "endless" ? Number.POSITIVE_INFINITY : pieceCount;
      for (let count = 0; count < most; count += 1) {
        yield create(StreamChatResponseSchema, { delta: "word " });
        await sleep(pieceEveryMs, undefined, { signal });
      }
      yield create(StreamChatResponseSchema, { finishReason: "stop" });
    },
    listModels: () => [create(ModelSchema, { id: "paced" })],
    warmUp: async () => {},
  };
}

/** A well core. */
export async function startCore(port?: number): Promise<CoreServer> {
  return await startCoreServer(pacedAgent(), port);
}

/** A core whose connections or streams are refused now and then. */
export interface MoodyCore extends AsyncDisposable {
  readonly url: string;
  /** Calls that reached it, refused ones included. */
  readonly calls: number;
  /** GOAWAYs sent, and streams refused unseen. */
  readonly refused: { readonly connections: number; readonly streams: number };
}

/** Sends a connection away after so many calls, and refuses every so manieth stream unseen, no call twice. */
export async function startMoodyCore(moods: {
  readonly callsPerConnection?: number;
  readonly refuseEvery?: number;
}): Promise<MoodyCore> {
  const agent = pacedAgent();
  const names = [CoreService.typeName];
  const handle = connectNodeAdapter({
    routes(router) {
      registerCoreService(router, agent);
      registerHealth(router, createHealthStatus(names), names);
    },
  });
  const served = new Map<Http2Session, number>();
  const sessions = new Set<Http2Session>();
  const refused = { connections: 0, streams: 0 };
  const refusedIds = new Set<string>();
  let calls = 0;
  const server = createServer((request, response) => {
    const stream: ServerHttp2Stream = request.stream;
    const session = stream.session;
    calls += 1;
    const id = String(request.headers["x-request-id"]);
    if (calls % (moods.refuseEvery ?? Number.POSITIVE_INFINITY) === 0 && !refusedIds.has(id)) {
      refusedIds.add(id);
      refused.streams += 1;
      stream.close(7); // REFUSED_STREAM
      return;
    }
    if (session !== undefined) {
      const count = (served.get(session) ?? 0) + 1;
      served.set(session, count);
      if (count === moods.callsPerConnection) {
        refused.connections += 1;
        session.close();
      }
    }
    handle(request, response);
  });
  server.on("session", (session) => {
    sessions.add(session);
    session.once("close", () => {
      sessions.delete(session);
      served.delete(session);
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    get calls() {
      return calls;
    },
    refused,
    async [Symbol.asyncDispose]() {
      const closed = once(server, "close");
      server.close();
      for (const session of sessions) session.destroy();
      await closed;
    },
  };
}

/** Bytes of one piece of a flood. */
export const pieceBytes = 8_192;

/** A core that floods whoever says so. */
export interface FloodingCore extends AsyncDisposable {
  readonly url: string;
  /** Pieces of 8 KiB made for floods so far. */
  readonly made: number;
  /** Floods in progress. */
  open(): number;
}

/** Answers as the paced agent does, and the word `flood` by 8 KiB after 8 KiB without end. */
export async function startFlood(): Promise<FloodingCore> {
  const paced = pacedAgent();
  // Which compression makes no smaller: cores may compress, and windows count what was sent.
  const deltas = Array.from({ length: 64 }, () =>
    randomBytes((pieceBytes * 3) / 4).toString("base64"),
  );
  let made = 0;
  let active = 0;
  const agent: Agent = {
    ...paced,
    async *streamChat(request, call) {
      if (request.messages.at(-1)?.content !== "flood")
        return yield* paced.streamChat(request, call);
      active += 1;
      try {
        while (!call.signal.aborted) {
          made += 1;
          yield create(StreamChatResponseSchema, { delta: deltas[made % deltas.length] ?? "" });
        }
      } finally {
        active -= 1;
      }
    },
  };
  const server = await startCoreServer(agent);
  return {
    url: server.url,
    get made() {
      return made;
    },
    open: () => active,
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}
