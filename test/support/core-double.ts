/** A PolyAgent core that does not go on with its responses, and tells when its client has left. */

import { create } from "@bufbuild/protobuf";
import type { Agent } from "#agent/agent.ts";
import {
  type ChatRequest,
  type ChatResponse,
  ModelSchema,
  StreamChatResponseSchema,
} from "#gen/polyagent/core/v1/core_pb.js";
import { startCoreServer } from "./core-server.ts";

/** A call that the double received. */
export interface CoreCall {
  /** The last turn. */
  readonly words: string;
  /** When its client left, in milliseconds of performance.now. */
  abortedAtMs?: number;
}

/** A core on a free port of loopback. */
export interface CoreDouble extends AsyncDisposable {
  readonly url: string;
  readonly received: readonly CoreCall[];
}

/** Starts one; streams say "Hello" first, but for those whose words `stalls` tells. */
export async function startStallingCore(stalls: (words: string) => boolean): Promise<CoreDouble> {
  const received: CoreCall[] = [];
  const note = ({ messages }: ChatRequest, signal: AbortSignal): CoreCall => {
    const call: CoreCall = { words: messages.at(-1)?.content ?? "" };
    received.push(call);
    signal.addEventListener("abort", () => {
      call.abortedAtMs = performance.now();
    });
    return call;
  };
  const left = (signal: AbortSignal) =>
    new Promise<never>((_, reject) => {
      signal.addEventListener("abort", () => reject(signal.reason));
    });
  const agent: Agent = {
    async chat(request, { signal }): Promise<ChatResponse> {
      note(request, signal);
      return await left(signal);
    },
    async *streamChat(request, { signal }) {
      const { words } = note(request, signal);
      if (!stalls(words)) yield create(StreamChatResponseSchema, { delta: "Hello" });
      await left(signal);
    },
    listModels: () => [create(ModelSchema, { id: "double" })],
    warmUp: async () => {},
  };
  const { url, [Symbol.asyncDispose]: dispose } = await startCoreServer(agent);
  return { url, received, [Symbol.asyncDispose]: dispose };
}
