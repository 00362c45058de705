/** Many calls at once: streams that nobody reads, questions without end, bodies that expand. */

import { readFileSync } from "node:fs";
import type { Attack } from "../attack.ts";
import { fieldsOf, Http2Peer } from "../http2-peer.ts";
import { brotli, delimited, enveloped, filledWith, repeated, varint } from "../payloads.ts";
import { closed, send, type Target } from "../target.ts";

const chatService = "/polygate.v1.ChatService";
const watchPath = "/grpc.health.v1.Health/Watch";
const statsPath = "/polygate.v1.StatsService/WatchStats";
const predictPath = "/polygate.v1.PredictService/StreamPredict";
const reflectionPath = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo";

/** Fields of a gRPC call. */
const grpc = (path: string) =>
  fieldsOf("POST", path, [
    ["content-type", "application/grpc"],
    ["te", "trailers"],
    ["grpc-encoding", "br"],
  ]);

/** Pause after a call that has ended. */
const pauseMs = 20;

/** Half a million tokens, or thereabouts. */
const longEcho = `echo${" a".repeat(500_000)}`;

/** How calls are spread. */
interface Spread {
  readonly connections: number;
  /** Calls that are under way at one time on each of them. */
  readonly streams: number;
  readonly reads: boolean;
}

/** Makes the same call again and again over HTTP/2. */
async function calls(target: Target, spread: Spread, path: string, body: Buffer): Promise<void> {
  const { connections, streams, reads } = spread;
  await target.repeat(connections, async () => {
    const peer = await Http2Peer.open(target, reads ? { reads } : { windowBytes: 65_535 });
    if (peer === undefined) return;
    const repeat = async () => {
      while (peer.isOpen && !target.isOver) {
        await peer.call(grpc(path), body);
        await target.pause(pauseMs);
      }
    };
    await Promise.all(Array.from({ length: streams }, repeat));
  });
}

/** Asks REST for a stream on many connections and reads nothing. */
async function unreadStreams(target: Target, connections: number, accept: string): Promise<void> {
  const body = JSON.stringify({ message: longEcho, stream: true });
  const head = [
    "POST /api/v1/chat HTTP/1.1",
    "host: localhost",
    "content-type: application/json",
    `accept: ${accept}`,
    `content-length: ${body.length}`,
  ];
  const request = `${head.join("\r\n")}\r\n\r\n${body}`;
  await target.repeat(connections, async () => {
    const socket = await target.connect();
    if (socket === undefined || !(await send(socket, request))) return;
    await closed(socket, { reads: false });
  });
}

/** Sends one message that starts a call, then empty ones that nobody takes. */
async function unreadMessages(target: Target, path: string, first: Buffer): Promise<void> {
  const flood = repeated(enveloped(0, Buffer.alloc(0)), 100_000);
  await target.repeat(4, async () => {
    const peer = await Http2Peer.open(target, { windowBytes: 0 });
    if (peer === undefined) return;
    const call = async () => {
      const id = peer.request(grpc(path));
      if (!(await peer.body(id, first, false))) return;
      while (await peer.body(id, flood, false));
    };
    await Promise.all(Array.from({ length: 16 }, call));
    peer.close();
  });
}

/** A message that the shipped model takes. */
function prediction(): Buffer {
  const image = readFileSync("models/digits/examples/7.png");
  return Buffer.concat([delimited(1, "digits"), delimited(3, image)]);
}

/** A question of reflection for all that is known of a service. */
const question = enveloped(0, delimited(4, "polygate.v1.ChatService"));

/** Attacks by many calls. */
export const streams: readonly Attack[] = [
  {
    name: "expanding-bodies",
    about: "gRPC: 400 calls at one time, each of a body that becomes 9.9 MB",
    run: (target) =>
      calls(
        target,
        { connections: 2, streams: 200, reads: true },
        `${chatService}/Chat`,
        enveloped(1, brotli(delimited(1, filledWith("a")))),
      ),
  },
  {
    name: "unread-grpc",
    about: "gRPC: 300 streams of long echoes, nothing read",
    run: (target) =>
      calls(
        target,
        { connections: 2, streams: 150, reads: false },
        `${chatService}/StreamChat`,
        enveloped(1, brotli(delimited(1, longEcho))),
      ),
  },
  {
    name: "unread-events",
    about: "REST: 100 streams of events, nothing read",
    run: (target) => unreadStreams(target, 100, "text/event-stream"),
  },
  {
    name: "unread-lines",
    about: "REST: 100 streams of NDJSON, nothing read",
    run: (target) => unreadStreams(target, 100, "application/x-ndjson"),
  },
  {
    name: "unread-messages",
    about: "gRPC: after the first message millions of empty ones, which the method does not read",
    run: (target) =>
      unreadMessages(
        target,
        `${chatService}/StreamChat`,
        enveloped(1, brotli(delimited(1, longEcho))),
      ),
  },
  {
    name: "unread-predictions",
    about: "gRPC: a prediction whose response is not read, then millions of empty messages",
    run: (target) => unreadMessages(target, predictPath, enveloped(0, prediction())),
  },
  {
    name: "reflection",
    about: "gRPC: 20,000 times the same question of reflection",
    run: (target) =>
      calls(
        target,
        { connections: 1, streams: 1, reads: true },
        reflectionPath,
        repeated(question, 20_000),
      ),
  },
  {
    name: "health-watches",
    about: "gRPC: 10,000 watches of health on 40 connections",
    run: (target) =>
      calls(
        target,
        { connections: 40, streams: 250, reads: true },
        watchPath,
        enveloped(0, Buffer.alloc(0)),
      ),
  },
  {
    name: "stats-watches",
    about: "gRPC: 3,000 watches of statistics, each every 100 ms",
    run: (target) =>
      calls(
        target,
        { connections: 12, streams: 250, reads: true },
        statsPath,
        enveloped(0, Buffer.concat([varint(8), varint(100)])),
      ),
  },
];
