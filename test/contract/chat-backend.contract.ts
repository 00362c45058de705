/** What every CoreBackend keeps, whatever lies between it and its core. */

import { getEventListeners } from "node:events";
import { create } from "@bufbuild/protobuf";
import { Code, type ConnectError } from "@connectrpc/connect";
import { describe, expect, test } from "vitest";
import {
  type Agent,
  type AgentOptions,
  agentModel,
  createAgent,
  plainAgent,
} from "#agent/agent.ts";
import type { BackendCall, CoreBackend } from "#backends/backend.ts";
import { seededRng } from "#core/rng.ts";
import { reasonOf } from "#errors/fault.ts";
import { BadRequestSchema } from "#gen/google/rpc/error_details_pb.js";
import { ChatRequestSchema, StreamChatResponseSchema } from "#gen/polyagent/core/v1/core_pb.js";
import { createManualClock } from "../support/manual-clock.ts";

/** A backend in front of a core that is this agent. */
export interface ChatBackendSetting extends AsyncDisposable {
  readonly backend: CoreBackend;
}

function agentWith(options: Partial<AgentOptions> = {}): Agent {
  const deps = { clock: createManualClock(), rng: seededRng(1) };
  return createAgent({ ...plainAgent, ...options }, deps);
}

/** An agent that never answers, and tells when a call has begun and when it was cancelled. */
function stuckAgent() {
  const begun = Promise.withResolvers<void>();
  const cancelled = Promise.withResolvers<void>();
  const stuck = (signal: AbortSignal): Promise<never> => {
    begun.resolve();
    return new Promise((_, reject) => {
      signal.addEventListener("abort", () => {
        cancelled.resolve();
        reject(signal.reason);
      });
    });
  };
  const agent: Agent = {
    ...agentWith(),
    chat: (_, { signal }) => stuck(signal),
    async *streamChat(_, { signal }) {
      yield create(StreamChatResponseSchema, { delta: "first" });
      await stuck(signal);
    },
  };
  return { agent, begun: begun.promise, cancelled: cancelled.promise };
}

function asked(content: string, useTools = false) {
  return create(ChatRequestSchema, { messages: [{ role: "user", content }], useTools });
}

function callWith(signal = new AbortController().signal): BackendCall {
  return { signal, requestId: "request-1" };
}

async function faultOf(promise: Promise<unknown>): Promise<ConnectError> {
  return await promise.then(
    () => expect.unreachable("it should have failed"),
    (error: ConnectError) => error,
  );
}

/** Runs the suite against backends that `open` puts in front of an agent. */
export function chatBackendContract(
  name: string,
  open: (agent: Agent) => Promise<ChatBackendSetting>,
): void {
  describe(`${name}: a chat backend`, () => {
    test("gives the core's answer", async () => {
      const agent = agentWith();
      await using setting = await open(agent);
      const request = asked("what is 12*7?", true);
      const answer = await setting.backend.chat(request, callWith());
      expect(answer).toEqual(await agent.chat(request, callWith()));
      expect(answer.toolCalls[0]?.result).toBe("84");
    });

    test("gives the core's stream, piece by piece", async () => {
      const agent = agentWith();
      await using setting = await open(agent);
      const request = asked("count to 500");
      const pieces = await Array.fromAsync(setting.backend.streamChat(request, callWith()));
      expect(pieces).toEqual(await Array.fromAsync(agent.streamChat(request, callWith())));
      expect(pieces.length).toBeGreaterThan(500);
    });

    test("lists the core's models and finds it alive", async () => {
      await using setting = await open(agentWith());
      const { signal } = callWith();
      const models = await setting.backend.listModels(signal);
      expect(models.map(({ id }) => id)).toEqual([agentModel]);
      await expect(setting.backend.check(signal)).resolves.toBeUndefined();
    });

    test("hands a refusal through: reason, code, words and fields", async () => {
      await using setting = await open(agentWith());
      const empty = create(ChatRequestSchema);
      const chat = faultOf(setting.backend.chat(empty, callWith()));
      const stream = faultOf(Array.fromAsync(setting.backend.streamChat(empty, callWith())));
      for (const error of await Promise.all([chat, stream])) {
        expect(reasonOf(error)).toBe("REQUEST_INVALID");
        expect(error.code).toBe(Code.InvalidArgument);
        expect(error.rawMessage).toBe("messages must hold at least one message");
        const [bad] = error.findDetails(BadRequestSchema);
        expect(bad?.fieldViolations.map(({ field }) => field)).toEqual(["messages"]);
      }
    });

    test("says BACKEND_LOST when the core is unavailable", async () => {
      await using setting = await open(agentWith({ failureRate: 1 }));
      const chat = faultOf(setting.backend.chat(asked("hi"), callWith()));
      const stream = faultOf(Array.fromAsync(setting.backend.streamChat(asked("hi"), callWith())));
      expect(reasonOf(await chat)).toBe("BACKEND_LOST");
      expect(reasonOf(await stream)).toBe("BACKEND_LOST");
    });

    test("gives the pieces before a break, then BACKEND_LOST", async () => {
      await using setting = await open(agentWith({ failAfterTokens: 3 }));
      const pieces: string[] = [];
      const reading = async () => {
        const stream = setting.backend.streamChat(asked("echo a b c d e"), callWith());
        for await (const { delta } of stream) pieces.push(delta);
      };
      expect(reasonOf(await faultOf(reading()))).toBe("BACKEND_LOST");
      expect(pieces).toEqual(["a", " b", " c"]);
    });

    test("says BACKEND_FAILED, and nothing of the inside, when the core has a bug", async () => {
      const agent: Agent = {
        ...agentWith(),
        chat: () => Promise.reject(new TypeError("secret is not a function")),
      };
      await using setting = await open(agent);
      const error = await faultOf(setting.backend.chat(asked("hi"), callWith()));
      expect(reasonOf(error)).toBe("BACKEND_FAILED");
      expect(error.message).not.toContain("secret");
    });

    test("a call that is cancelled before it begins is CANCELLED", async () => {
      await using setting = await open(agentWith());
      const call = callWith(AbortSignal.abort());
      const chat = faultOf(setting.backend.chat(asked("hi"), call));
      const stream = faultOf(Array.fromAsync(setting.backend.streamChat(asked("hi"), call)));
      expect(reasonOf(await chat)).toBe("CANCELLED");
      expect(reasonOf(await stream)).toBe("CANCELLED");
    });

    test("an abort is CANCELLED and reaches the core", async () => {
      const { agent, begun, cancelled } = stuckAgent();
      await using setting = await open(agent);
      const abort = new AbortController();
      const ended = faultOf(setting.backend.chat(asked("hi"), callWith(abort.signal)));
      await begun;
      abort.abort();
      expect(reasonOf(await ended)).toBe("CANCELLED");
      await cancelled;
    });

    test("an abort within a stream is CANCELLED and reaches the core", async () => {
      const { agent, begun, cancelled } = stuckAgent();
      await using setting = await open(agent);
      const abort = new AbortController();
      const stream = setting.backend.streamChat(asked("hi"), callWith(abort.signal));
      const ended = faultOf(Array.fromAsync(stream));
      await begun;
      abort.abort();
      expect(reasonOf(await ended)).toBe("CANCELLED");
      await cancelled;
    });

    test("a signal that aborts for time is DEADLINE_EXCEEDED and reaches the core", async () => {
      const { agent, begun, cancelled } = stuckAgent();
      await using setting = await open(agent);
      const abort = new AbortController();
      const ended = faultOf(setting.backend.chat(asked("hi"), callWith(abort.signal)));
      await begun;
      abort.abort(new DOMException("", "TimeoutError"));
      expect(reasonOf(await ended)).toBe("DEADLINE_EXCEEDED");
      await cancelled;
    });

    test("leaving a stream's iteration ends it in the core", async () => {
      const ended = Promise.withResolvers<void>();
      const agent: Agent = {
        ...agentWith(),
        async *streamChat(_, { signal }) {
          signal.addEventListener("abort", () => ended.resolve());
          try {
            for (;;) yield create(StreamChatResponseSchema, { delta: "x".repeat(1000) });
          } finally {
            ended.resolve();
          }
        },
      };
      await using setting = await open(agent);
      for await (const { delta } of setting.backend.streamChat(asked("hi"), callWith())) {
        expect(delta).toHaveLength(1000);
        break;
      }
      await ended.promise;
    });

    test("nothing stays on its caller's signal, however a call ends", async () => {
      await using setting = await open(agentWith());
      const { backend } = setting;
      const { signal } = new AbortController();
      const call = () => callWith(signal);
      await backend.chat(asked("hi"), call());
      await Array.fromAsync(backend.streamChat(asked("count to 3"), call()));
      for await (const _ of backend.streamChat(asked("count to 500"), call())) break;
      const unknown = create(ChatRequestSchema, { ...asked("hi"), model: "another" });
      expect(reasonOf(await faultOf(backend.chat(unknown, call())))).toBe("MODEL_UNKNOWN");
      await faultOf(Array.fromAsync(backend.streamChat(unknown, call())));
      await expect.poll(() => getEventListeners(signal, "abort").length).toBe(0);
    });

    test("a reader that rests makes the core rest, and then misses nothing", async () => {
      let produced = 0;
      const agent: Agent = {
        ...agentWith(),
        async *streamChat() {
          const filler = "x".repeat(8192);
          while (produced < 2000) {
            produced += 1;
            yield create(StreamChatResponseSchema, { delta: filler, model: String(produced) });
          }
        },
      };
      await using setting = await open(agent);
      const read: number[] = [];
      for await (const { model } of setting.backend.streamChat(asked("hi"), callWith())) {
        if (read.length === 0) {
          // Time for many round trips, in which a core without back-pressure would run to its end.
          for (let i = 0; i < 100; i += 1) await setting.backend.chat(asked("hi"), callWith());
          expect(produced).toBeLessThan(500);
        }
        read.push(Number(model));
      }
      expect(read).toEqual(Array.from({ length: 2000 }, (_, index) => index + 1));
    });
  });
}
