/** Bodies over HTTP/2 that are cut into crumbs, or never end. */

import type { FieldList } from "#http2/stream.ts";
import { dataOf } from "../../support/http2-peers.ts";
import type { Attack } from "../attack.ts";
import { fieldsOf, Http2Peer } from "../http2-peer.ts";
import type { Target } from "../target.ts";

const chat = fieldsOf("POST", "/api/v1/chat", [["content-type", "application/json"]]);
const rpcTypes = ["application/grpc", "application/grpc-web", "application/proto"];
/** A call of each surface. */
const surfaces: readonly FieldList[] = [
  chat,
  ...rpcTypes.map((type) =>
    fieldsOf("POST", "/polygate.v1.ChatService/Chat", [
      ["content-type", type],
      ["te", "trailers"],
    ]),
  ),
  fieldsOf("POST", "/predict/digits", [["content-type", "multipart/form-data; boundary=b"]]),
];

/** Frames that are written at once. */
const batch = 1000;

/** Leaves a call open on each of these fields, and sends frames of one byte on all in turn. */
async function crumbs(target: Target, requests: readonly FieldList[]): Promise<void> {
  await target.repeat(1, async () => {
    const peer = await Http2Peer.open(target);
    if (peer === undefined) return;
    const calls = requests.map((fields) => {
      const id = peer.request(fields);
      return { id, frames: Buffer.concat(Array(batch).fill(dataOf(id, " ", false))) };
    });
    while (calls.some(({ id }) => peer.has(id))) {
      for (const call of calls) {
        await peer.until(() => !peer.has(call.id) || peer.room(call.id) >= batch);
        if (!peer.has(call.id)) continue;
        await peer.frames(call.id, batch, call.frames);
      }
    }
    peer.close();
  });
}

const bodyBytes = 9_900_000;

/** Sends so many bodies but for their last byte, as far as the windows allow, and holds them. */
async function unfinished(target: Target, connections: number, streams: number): Promise<void> {
  const body = Buffer.alloc(bodyBytes, " ");
  await target.repeat(connections, async () => {
    const peer = await Http2Peer.open(target);
    if (peer === undefined) return;
    const bodies = Array.from({ length: streams }, async () => {
      await peer.body(peer.request(chat), body, false);
      target.saw("bodies held or refused");
    });
    await Promise.all(bodies);
    await peer.until(() => peer.streams.size === 0);
    peer.close();
  });
}

/** Attacks with bodies over HTTP/2. */
export const http2Bodies: readonly Attack[] = [
  {
    name: "crumbs",
    about: "HTTP/2: four chats left open, DATA frames of one byte each",
    run: (target) => crumbs(target, [chat, chat, chat, chat]),
  },
  {
    name: "crumbs-everywhere",
    about: "the same to REST, gRPC, gRPC-Web, Connect and an upload",
    run: (target) => crumbs(target, surfaces),
  },
  {
    name: "unfinished-http2",
    about: "HTTP/2: 100 bodies of 9.9 MB without an end on one connection",
    run: (target) => unfinished(target, 1, 100),
  },
  {
    name: "unfinished-spread",
    about: "the same on 50 connections, two each",
    run: (target) => unfinished(target, 50, 2),
  },
];
