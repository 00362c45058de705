/** Clients that begin a chat and leave it, over every protocol that a gateway speaks. */

import { once } from "node:events";
import { type ClientHttp2Session, connect as connectHttp2, constants } from "node:http2";
import { request as requestHttps } from "node:https";
import { connect, type Socket } from "node:net";
import { createClient, type Transport } from "@connectrpc/connect";
import {
  createConnectTransport,
  createGrpcTransport,
  createGrpcWebTransport,
} from "@connectrpc/connect-node";
import { ChatService } from "#gen/polygate/v1/chat_pb.js";
import { clientTls } from "./tls.ts";
import { frame, raw as openWebSocket } from "./websocket-peer.ts";

/** A call that was begun. */
export interface Begun {
  /** Resolves when the response's first words have come. */
  readonly content: Promise<unknown>;
  leave(): void;
  /** Rejects when the client has ended. */
  readonly done: Promise<unknown>;
}

/** Begins a chat with a model; the words are those of its one turn. */
export type Begin = (model: string, words: string) => Begun;

/** Where the gateway is. */
export interface GatewayPlace {
  readonly url: string;
  /** A listener with the test certificates, where there is one. */
  readonly tlsUrl?: string;
  /** The credential of calls, where one is asked for. */
  readonly key?: string;
}

/** Ways to begin a chat, by name: as a stream, and as one whole response. */
export interface LeavingClients {
  readonly streams: Readonly<Record<string, Begin>>;
  readonly whole: Readonly<Record<string, Begin>>;
}

/** What the streams' first words contain, in all dialects. */
const firstWords = "Hello";

/** An HTTP request for a chat. */
interface HttpChat {
  readonly path: string;
  readonly body: object;
  readonly headers?: Readonly<Record<string, string>>;
}

type HttpWay = (model: string, words: string, stream: boolean) => HttpChat;

/** The bodies of the vendors' APIs, and of the gateway's own. */
const httpWays: Readonly<Record<string, HttpWay>> = {
  "the gateway's API": (model, message, stream) => ({
    path: stream ? "/api/v1/chat:stream" : "/api/v1/chat",
    body: { message, model_preference: model },
    headers: stream ? { accept: "text/event-stream" } : {},
  }),
  "OpenAI's chat completions": (model, content, stream) => ({
    path: "/v1/chat/completions",
    body: { model, stream, messages: [{ role: "user", content }] },
  }),
  "OpenAI's responses": (model, input, stream) => ({
    path: "/v1/responses",
    body: { model, stream, input },
  }),
  "Anthropic's messages": (model, content, stream) => ({
    path: "/v1/messages",
    body: { model, stream, max_tokens: 9, messages: [{ role: "user", content }] },
  }),
  "Gemini's API": (model, text, stream) => ({
    path: `/v1beta/models/${encodeURIComponent(model)}:${stream ? "streamGenerateContent?alt=sse" : "generateContent"}`,
    body: { contents: [{ parts: [{ text }] }] },
  }),
};

/** What every HTTP call sends. */
function headersOf({ headers }: HttpChat, key: string | undefined): Record<string, string> {
  const credential: Record<string, string> =
    key === undefined ? {} : { authorization: `Bearer ${key}` };
  return { "content-type": "application/json", ...credential, ...headers };
}

/** Reads a response to its end, which none of these has. */
async function readOn(
  pieces: AsyncIterable<Uint8Array>,
  content: PromiseWithResolvers<void>,
): Promise<never> {
  let text = "";
  for await (const piece of pieces) {
    text += Buffer.from(piece).toString();
    if (text.includes(firstWords)) content.resolve();
  }
  throw new Error(`the call ended by itself: ${text}`);
}

/** Over HTTP/1.1 with fetch, which its signal leaves: it closes the connection. */
function fetched({ url, key }: GatewayPlace, chat: HttpChat): Begun {
  const leave = new AbortController();
  const content = Promise.withResolvers<void>();
  const done = (async () => {
    const response = await fetch(url + chat.path, {
      method: "POST",
      headers: headersOf(chat, key),
      body: JSON.stringify(chat.body),
      signal: leave.signal,
    });
    await readOn(response.body ?? new ReadableStream(), content);
  })();
  return { content: content.promise, leave: () => leave.abort(), done };
}

/** Over HTTP/1.1 and TLS, left by closing the connection. */
function overTls(tlsUrl: string, { key }: GatewayPlace, chat: HttpChat): Begun {
  const content = Promise.withResolvers<void>();
  const request = requestHttps(tlsUrl + chat.path, {
    method: "POST",
    headers: headersOf(chat, key),
    ca: clientTls.ca,
    agent: false,
  });
  request.on("error", () => {});
  request.end(JSON.stringify(chat.body));
  const done = (async () => {
    const [response] = await once(request, "response");
    await readOn(response, content);
  })();
  return { content: content.promise, leave: () => request.destroy(new Error("left")), done };
}

/** How a client of HTTP/2 leaves: it resets the stream, or its process ends and its connections with it. */
type Http2Leave = "resets" | "dies";

/** Over HTTP/2 without TLS, on a connection of its own. */
function overHttp2(how: Http2Leave, { url, key }: GatewayPlace, chat: HttpChat): Begun {
  const content = Promise.withResolvers<void>();
  const { hostname, port } = new URL(url);
  const socket: Socket = connect(Number(port), hostname);
  const session: ClientHttp2Session = connectHttp2(url, { createConnection: () => socket });
  session.on("error", () => {});
  const stream = session.request({
    ":method": "POST",
    ":path": chat.path,
    ...headersOf(chat, key),
  });
  stream.end(JSON.stringify(chat.body));
  const done = readOn(stream, content).finally(() => session.destroy());
  const leave =
    how === "resets"
      ? () => stream.close(constants.NGHTTP2_CANCEL)
      : () => socket.destroy(new Error("died"));
  return { content: content.promise, leave, done };
}

/** A call of a Connect client. */
function called(transport: Transport, streams: boolean, { key }: GatewayPlace): Begin {
  const headers: Record<string, string> =
    key === undefined ? {} : { authorization: `Bearer ${key}` };
  return (model, message) => {
    const client = createClient(ChatService, transport);
    const leave = new AbortController();
    const content = Promise.withResolvers<void>();
    const request = { message, modelPreference: model };
    const options = { signal: leave.signal, headers };
    const done = (async () => {
      if (!streams) return await client.chat(request, options);
      for await (const { delta } of client.streamChat(request, options)) {
        if (delta !== "") content.resolve();
      }
      throw new Error("the call ended by itself");
    })();
    return { content: content.promise, leave: () => leave.abort(), done };
  };
}

/** A stream over a WebSocket, left by closing it. */
function overWebSocket({ url, key }: GatewayPlace): Begin {
  return (model, message) => {
    const headers = key === undefined ? {} : { authorization: `Bearer ${key}` };
    // Node's takes headers, which a browser's has no use for.
    const options = { headers } as unknown as string[];
    const socket = new WebSocket(`${url.replace(/^http/, "ws")}/api/v1/chat:stream`, options);
    socket.addEventListener("open", () =>
      socket.send(JSON.stringify({ message, model_preference: model })),
    );
    const content = Promise.withResolvers<void>();
    socket.addEventListener("message", ({ data }) => {
      if (JSON.parse(data).delta) content.resolve();
    });
    const done = once(socket, "close").then(() => {
      throw new Error("closed");
    });
    return { content: content.promise, leave: () => socket.close(), done };
  };
}

/** A stream over a WebSocket of a process that dies, and its connection with it. */
function overDyingWebSocket({ url, key }: GatewayPlace): Begin {
  return (model, message) => {
    const content = Promise.withResolvers<void>();
    const fields = key === undefined ? "" : `authorization: Bearer ${key}\r\n`;
    const opened = openWebSocket(Number(new URL(url).port), "/api/v1/chat:stream", fields);
    const done = (async () => {
      const socket = await opened;
      socket.write(frame(0x81, Buffer.from(JSON.stringify({ message, model_preference: model }))));
      await readOn(socket, content);
    })();
    const leave = () => void opened.then((socket) => socket.destroy(new Error("died")));
    return { content: content.promise, leave, done };
  };
}

/** The ways of RPC clients, which are the same for streams and whole responses. */
function rpcWays(place: GatewayPlace, streams: boolean): Record<string, Begin> {
  const { url: baseUrl } = place;
  const transports: Readonly<Record<string, Transport>> = {
    gRPC: createGrpcTransport({ baseUrl }),
    "gRPC-Web over HTTP/1.1": createGrpcWebTransport({ baseUrl, httpVersion: "1.1" }),
    "gRPC-Web over HTTP/2": createGrpcWebTransport({ baseUrl, httpVersion: "2" }),
    "Connect over HTTP/1.1": createConnectTransport({ baseUrl, httpVersion: "1.1" }),
    "Connect over HTTP/2": createConnectTransport({ baseUrl, httpVersion: "2" }),
  };
  return Object.fromEntries(
    Object.entries(transports).map(([name, transport]) => [
      name,
      called(transport, streams, place),
    ]),
  );
}

/** The ways of HTTP: each body over both versions; over TLS, and by a process that dies, one. */
function httpClients(place: GatewayPlace, stream: boolean): Record<string, Begin> {
  const ways: Record<string, Begin> = {};
  for (const [name, chatOf] of Object.entries(httpWays)) {
    const kind = stream ? `SSE of ${name}` : `JSON of ${name}`;
    ways[`${kind} over HTTP/1.1`] = (model, words) => fetched(place, chatOf(model, words, stream));
    ways[`${kind} over HTTP/2`] = (model, words) =>
      overHttp2("resets", place, chatOf(model, words, stream));
    if (name !== "OpenAI's chat completions") continue;
    ways[`${kind} over HTTP/2, from a process that dies`] = (model, words) =>
      overHttp2("dies", place, chatOf(model, words, stream));
    const { tlsUrl } = place;
    if (tlsUrl === undefined) continue;
    ways[`${kind} over HTTP/1.1 and TLS`] = (model, words) =>
      overTls(tlsUrl, place, chatOf(model, words, stream));
  }
  return ways;
}

/** All ways to a gateway. */
export function leavingClients(place: GatewayPlace): LeavingClients {
  return {
    streams: {
      ...rpcWays(place, true),
      ...httpClients(place, true),
      WebSocket: overWebSocket(place),
      "WebSocket, from a process that dies": overDyingWebSocket(place),
    },
    whole: { ...rpcWays(place, false), ...httpClients(place, false) },
  };
}
