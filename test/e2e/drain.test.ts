/** A drain whose calls outlast it: each is told why it ends, in its own protocol, before its connection closes. */

import { once } from "node:events";
import { readFileSync } from "node:fs";
import { connect as connectHttp2 } from "node:http2";
import { connect } from "node:net";
import { ConnectError, createClient, type Transport } from "@connectrpc/connect";
import {
  createConnectTransport,
  createGrpcTransport,
  createGrpcWebTransport,
} from "@connectrpc/connect-node";
import { beforeAll, describe, expect, test } from "vitest";
import { type Agent, createAgent, plainAgent } from "#agent/agent.ts";
import { systemClock } from "#core/clock.ts";
import { seededRng } from "#core/rng.ts";
import { ErrorInfoSchema } from "#gen/google/rpc/error_details_pb.js";
import { ChatService } from "#gen/polygate/v1/chat_pb.js";
import { PredictService } from "#gen/polygate/v1/predict_pb.js";
import { startCoreServer } from "../support/core-server.ts";
import { digitImage, startTestGateway } from "../support/gateway.ts";

/** What a call came to, in as much of its protocol as matters. */
type Outcome = Readonly<Record<string, unknown>>;

/** A call that never ends by itself; `begun` once the gateway works on it. */
interface LongCall {
  readonly begun: Promise<unknown>;
  readonly outcome: Promise<Outcome>;
}

type Start = (url: string) => LongCall;

const longAgo = Promise.resolve();
const chatPath = "/api/v1/chat";
const streamPath = "/api/v1/chat:stream";
const chat = '{"message":"hi"}';

function outcomeOf(thrown: unknown): Outcome {
  const error = ConnectError.from(thrown);
  return { code: error.code, reason: error.findDetails(ErrorInfoSchema)[0]?.reason };
}

/** A unary call of the chat service, whose core never answers. */
function unaryOver(transport: (baseUrl: string) => Transport): Start {
  return (url) => ({
    begun: longAgo,
    outcome: createClient(ChatService, transport(url))
      .chat({ message: "hi" })
      .then((answer) => ({ answer }), outcomeOf),
  });
}

/** A stream that falls silent after its first message. */
function streamOver(transport: (baseUrl: string) => Transport): Start {
  return (url) => {
    const begun = Promise.withResolvers<void>();
    const watch = async (): Promise<Outcome> => {
      let messages = 0;
      try {
        const request = { message: "hi" };
        for await (const _ of createClient(ChatService, transport(url)).streamChat(request)) {
          messages += 1;
          begun.resolve();
        }
      } catch (thrown) {
        return { messages, ...outcomeOf(thrown) };
      }
      return { messages, code: 0 };
    };
    return { begun: begun.promise, outcome: watch() };
  };
}

/** A stream both ways whose client rests. */
function bothWaysOver(transport: (baseUrl: string) => Transport): Start {
  return (url) => {
    const begun = Promise.withResolvers<void>();
    const rest = Promise.withResolvers<never>();
    const file = new Uint8Array(readFileSync(digitImage(7)));
    async function* requests() {
      yield { model: "digits", file };
      await rest.promise;
    }
    const predict = async (): Promise<Outcome> => {
      let messages = 0;
      try {
        const client = createClient(PredictService, transport(url));
        for await (const _ of client.streamPredict(requests())) {
          messages += 1;
          begun.resolve();
        }
      } catch (thrown) {
        return { messages, ...outcomeOf(thrown) };
      }
      return { messages, code: 0 };
    };
    return { begun: begun.promise, outcome: predict() };
  };
}

/** The whole response on a connection of its own, and whether it closed after it. */
function rawOver(request: string): Start {
  return (url) => {
    const socket = connect(Number(new URL(url).port), "127.0.0.1");
    const begun = Promise.withResolvers<void>();
    const read = async (): Promise<Outcome> => {
      let text = "";
      for await (const piece of socket) {
        text += piece;
        if (text.includes("\ndata: ") || text.includes("\n{")) begun.resolve();
      }
      const [head = "", body = ""] = text.split(/\r\n\r\n(.*)/s);
      return { status: Number(head.split(" ")[1]), body };
    };
    socket.write(request);
    return {
      begun: request.includes(streamPath) ? begun.promise : longAgo,
      outcome: read(),
    };
  };
}

function restOver2(path: string, accept = "*/*"): Start {
  return (url) => {
    const session = connectHttp2(url);
    const stream = session.request({
      ":method": "POST",
      ":path": path,
      accept,
      "content-type": "application/json",
    });
    stream.end(chat);
    const begun = once(stream, "data");
    const read = async (): Promise<Outcome> => {
      const [head] = await once(stream, "response");
      let text = "";
      for await (const piece of stream) text += piece;
      await once(session, "close");
      return { status: head[":status"], body: text, rstCode: stream.rstCode };
    };
    return { begun: path === streamPath ? begun : longAgo, outcome: read() };
  };
}

function webSocket(url: string): LongCall {
  const socket = new WebSocket(url.replace("http", "ws") + streamPath);
  const texts: string[] = [];
  const begun = Promise.withResolvers<void>();
  socket.addEventListener("open", () => socket.send(chat));
  socket.addEventListener("message", ({ data }) => {
    texts.push(data);
    begun.resolve();
  });
  const closing = async (): Promise<Outcome> => {
    const [{ code, reason }] = await once(socket, "close");
    return { code, reason, last: JSON.parse(texts.at(-1) ?? "{}") };
  };
  return { begun: begun.promise, outcome: closing() };
}

const post = (path: string, accept = "*/*") =>
  `POST ${path} HTTP/1.1\r\nhost: a\r\naccept: ${accept}\r\ncontent-type: application/json\r\ncontent-length: ${chat.length}\r\n\r\n`;

const shuttingDown = expect.objectContaining({ code: "SHUTTING_DOWN" });
const unavailable = { code: 14, reason: "SHUTTING_DOWN" };
const asError = (text: unknown) => JSON.parse(String(text)).error;
const eventOf = (body: unknown) =>
  asError(/event: error\ndata: (.*)\n\n(?:\r\n0\r\n\r\n)?$/.exec(String(body))?.[1]);
const lineOf = (body: unknown) =>
  asError(
    String(body)
      .match(/^\{.*\}$/gm)
      ?.at(-1),
  );

interface Row {
  readonly name: string;
  readonly start: Start;
  readonly check: (outcome: Outcome) => void;
}

const unary = (outcome: Outcome) => expect(outcome).toEqual(unavailable);
const stream = (outcome: Outcome) => expect(outcome).toEqual({ messages: 1, ...unavailable });

const rows: readonly Row[] = [
  {
    name: "REST over HTTP/1.1: status and body",
    start: rawOver(post(chatPath) + chat),
    check({ status, body }) {
      expect([status, asError(body)]).toEqual([503, shuttingDown]);
    },
  },
  {
    name: "REST over HTTP/1.1, its body still on its way: status and body",
    start: rawOver(post(chatPath) + chat.slice(0, 5)),
    check({ status, body }) {
      expect([status, asError(body)]).toEqual([503, shuttingDown]);
    },
  },
  {
    name: "REST over HTTP/2: status and body",
    start: restOver2(chatPath),
    check({ status, body }) {
      expect([status, asError(body)]).toEqual([503, shuttingDown]);
    },
  },
  {
    name: "server-sent events over HTTP/1.1: an error event, and the end of the body",
    start: rawOver(post(streamPath, "text/event-stream") + chat),
    check({ status, body }) {
      expect([status, eventOf(body)]).toEqual([200, shuttingDown]);
      expect(String(body).endsWith("0\r\n\r\n")).toBe(true);
    },
  },
  {
    name: "server-sent events over HTTP/2: an error event, and the end of the stream",
    start: restOver2(streamPath, "text/event-stream"),
    check({ status, body, rstCode }) {
      expect([status, eventOf(body), rstCode]).toEqual([200, shuttingDown, 0]);
    },
  },
  {
    name: "JSON lines over HTTP/1.1: a last line, and the end of the body",
    start: rawOver(post(streamPath, "application/x-ndjson") + chat),
    check({ status, body }) {
      expect([status, lineOf(String(body).replaceAll("\r", ""))]).toEqual([200, shuttingDown]);
      expect(String(body).endsWith("0\r\n\r\n")).toBe(true);
    },
  },
  {
    name: "a WebSocket: a last text, and the code of a server that goes away",
    start: webSocket,
    check(outcome) {
      const last = { error: shuttingDown };
      expect(outcome).toEqual({ code: 1001, reason: "SHUTTING_DOWN", last });
    },
  },
  ...(["1.1", "2"] as const).flatMap((httpVersion): readonly Row[] => {
    const connectTransport = (baseUrl: string) => createConnectTransport({ baseUrl, httpVersion });
    const grpcWebTransport = (baseUrl: string) => createGrpcWebTransport({ baseUrl, httpVersion });
    return [
      {
        name: `Connect over HTTP/${httpVersion}`,
        start: unaryOver(connectTransport),
        check: unary,
      },
      {
        name: `a Connect stream over HTTP/${httpVersion}`,
        start: streamOver(connectTransport),
        check: stream,
      },
      {
        name: `gRPC-Web over HTTP/${httpVersion}`,
        start: unaryOver(grpcWebTransport),
        check: unary,
      },
      {
        name: `a gRPC-Web stream over HTTP/${httpVersion}`,
        start: streamOver(grpcWebTransport),
        check: stream,
      },
    ];
  }),
  { name: "gRPC", start: unaryOver((baseUrl) => createGrpcTransport({ baseUrl })), check: unary },
  {
    name: "a gRPC stream both ways, its client at rest",
    start: bothWaysOver((baseUrl) => createGrpcTransport({ baseUrl })),
    check: stream,
  },
  {
    name: "a Connect stream both ways, its client at rest",
    start: bothWaysOver((baseUrl) => createConnectTransport({ baseUrl, httpVersion: "2" })),
    check: stream,
  },
  {
    name: "a gRPC stream",
    start: streamOver((baseUrl) => createGrpcTransport({ baseUrl })),
    check: stream,
  },
];

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason));
  });
}

/** Answers nothing, or one piece, and holds its calls until they are cancelled. */
function holding(onChat: () => void): Agent {
  const agent = createAgent(plainAgent, { clock: systemClock, rng: seededRng(1) });
  return {
    ...agent,
    listModels: () => agent.listModels(),
    warmUp: () => agent.warmUp(),
    chat(_request, { signal }) {
      onChat();
      return aborted(signal);
    },
    async *streamChat(request, call) {
      for await (const piece of agent.streamChat(request, call)) {
        yield piece;
        await aborted(call.signal);
      }
    },
  };
}

describe.each(["polygate", "node"])(
  "a call that outlasts a drain, by the engines of %s,",
  (engine) => {
    const outcomes = new Map<string, Outcome>();
    beforeAll(async () => {
      const chats = rows.filter(
        ({ check, name }) => check === unary || name.includes("status and body"),
      );
      const held = Promise.withResolvers<void>();
      let waiting = chats.length - 1;
      await using core = await startCoreServer(
        holding(() => {
          waiting -= 1;
          if (waiting === 0) held.resolve();
        }),
      );
      await using gateway = await startTestGateway({
        yaml: `
gateway: { host: 127.0.0.1, port: 0, drain_timeout: 200ms, timeout: 60s, http1_engine: ${engine}, http2_engine: ${engine} }
cores: [ { url: "${core.url}" } ]
`,
      });
      const calls = rows.map(({ name, start }) => ({ name, call: start(gateway.url) }));
      await Promise.all(calls.map(({ call }) => call.begun));
      await held.promise;
      const drained = gateway.gateway.drain();
      for (const { name, call } of calls) outcomes.set(name, await call.outcome);
      await drained;
    });

    test.each(rows)("$name", ({ name, check }) => check(outcomes.get(name) ?? {}));
  },
);
