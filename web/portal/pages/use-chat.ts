/** The running of a chat: sends turns, takes the stream, one picture of it a frame, and stops it. */

import { createClient } from "@connectrpc/connect";
import { useCallback, useEffect, useRef, useState } from "react";
import { ChatService, type StreamChatResponse } from "#gen/polygate/v1/chat_pb.js";
import { transport } from "#web/data/transport.ts";
import {
  type ChatSettings,
  type Facts,
  grown,
  openCalls,
  type Picture,
  requestOf,
  type Turn,
} from "#web/pages/conversation.ts";

const client = createClient(ChatService, transport);

let lastId = 0;
const turnOf = (role: Turn["role"], text: string): Turn => {
  lastId += 1;
  return { id: lastId, role, text, pictures: [], calls: [] };
};

/** What the last piece of a stream tells, with the times as they were here. */
function factsOf(
  piece: StreamChatResponse,
  seen: {
    readonly requestId: string;
    readonly firstMs: number | undefined;
    readonly totalMs: number;
  },
): Facts {
  return {
    ...seen,
    model: piece.modelUsed,
    tokens: piece.usage?.totalTokens ?? 0,
    cost: piece.cost,
    finish: piece.finishReason,
  };
}

/** Asks for the answer to `before`; `show` is given it as it grows. */
async function streamAnswer(
  before: readonly Turn[],
  settings: ChatSettings,
  signal: AbortSignal,
  show: (turn: Turn) => void,
): Promise<void> {
  let turn = turnOf("assistant", "");
  const began = performance.now();
  let requestId = "";
  let firstMs: number | undefined;
  const onHeader = (headers: Headers) => {
    requestId = headers.get("x-request-id") ?? "";
  };
  show(turn);
  try {
    for await (const piece of client.streamChat(requestOf(before, settings), {
      signal,
      onHeader,
    })) {
      firstMs ??= performance.now() - began;
      turn = grown(turn, piece);
      if (piece.done) {
        const totalMs = performance.now() - began;
        turn = { ...turn, facts: factsOf(piece, { requestId, firstMs, totalMs }) };
      }
      show(turn);
    }
  } catch (error) {
    show({ ...turn, error });
  }
}

/** The turns, whether an answer is in progress, and what may be done. */
export function useChat(settings: ChatSettings) {
  const [turns, setTurns] = useState<readonly Turn[]>([]);
  const [isBusy, setIsBusy] = useState(false);
  const stopping = useRef<AbortController>(undefined);
  const frame = useRef(0);

  useEffect(
    () => () => {
      stopping.current?.abort();
      cancelAnimationFrame(frame.current);
    },
    [],
  );

  const run = useCallback(
    async (before: readonly Turn[]) => {
      const controller = new AbortController();
      stopping.current = controller;
      let latest: Turn | undefined;
      const draw = () => {
        frame.current = 0;
        if (latest !== undefined) setTurns([...before, latest]);
      };
      setIsBusy(true);
      setTurns(before);
      await streamAnswer(before, settings, controller.signal, (turn) => {
        latest = turn;
        // More than one picture a frame nobody sees, and long answers would freeze the page.
        if (frame.current === 0) frame.current = requestAnimationFrame(draw);
      });
      cancelAnimationFrame(frame.current);
      draw();
      setIsBusy(false);
    },
    [settings],
  );

  return {
    turns,
    isBusy,
    send(text: string, pictures: readonly Picture[]) {
      void run([...turns, { ...turnOf("user", text), pictures }]);
    },
    /** Gives the result of a tool; once all are there, the model goes on. */
    giveResult(callId: string, text: string) {
      const next = [...turns, { ...turnOf("tool", text), callId }];
      if (openCalls(next).length > 0) setTurns(next);
      else void run(next);
    },
    /** Asks again what was asked last. */
    again() {
      const end = turns.findLastIndex(({ role }) => role !== "assistant");
      void run(turns.slice(0, end + 1));
    },
    stop: () => stopping.current?.abort(),
    clear: () => setTurns([]),
  };
}
