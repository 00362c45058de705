import { create, type Message } from "@bufbuild/protobuf";
import { Code, type HandlerContext, type Interceptor, type ServiceImpl } from "@connectrpc/connect";
import { describe, expect, test } from "vitest";
import { fault, reasonOf } from "#errors/fault.ts";
import { faultFrom } from "#errors/from-unknown.ts";
import { createCallPath } from "#rpc/call.ts";
import {
  SimpleRequestSchema,
  StreamingOutputCallRequestSchema,
  TestService,
} from "../../gen/grpc/testing/test_pb.js";
import { asIs, callInit as init, rejection } from "../../support/call.ts";

const { unaryCall, streamingOutputCall, streamingInputCall, fullDuplexCall } = TestService.method;

function path(implementation: Partial<ServiceImpl<typeof TestService>>, ...chain: Interceptor[]) {
  return createCallPath((router) => {
    router.service(TestService, implementation);
  }, chain);
}

const request = create(SimpleRequestSchema, { responseSize: 3 });
const streamed = create(StreamingOutputCallRequestSchema);

async function* of(...messages: Message[]) {
  yield* messages;
}

/** Resolves when the signal aborts. */
function aborted(signal: AbortSignal): Promise<unknown> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve(signal.reason);
    else signal.addEventListener("abort", () => resolve(signal.reason));
  });
}

describe("interceptors", () => {
  test("the first is the outermost, and each is applied once a method", async () => {
    const seen: string[] = [];
    const named =
      (name: string): Interceptor =>
      (next) => {
        seen.push(`apply ${name}`);
        return async (call) => {
          seen.push(`in ${name}`);
          const answer = await next(call);
          seen.push(`out ${name}`);
          return answer;
        };
      };
    const applied = () => seen.filter((line) => line.startsWith("apply")).length;
    const calls = path({ unaryCall: () => ({}) }, named("a"), named("b"));
    const once = applied();
    await calls.unary(unaryCall, request, init(), asIs);
    expect(seen.slice(once)).toEqual(["in a", "in b", "out b", "out a"]);
    await calls.unary(unaryCall, request, init(), asIs);
    expect(applied()).toBe(once);
    expect(once).toBe(2 * TestService.methods.length);
  });

  test("what they put in the place of the request reaches the handler", async () => {
    const mine = new AbortController();
    let context: HandlerContext | undefined;
    const calls = path(
      {
        unaryCall(_request, given) {
          context = given;
          mine.abort("mine");
          return {};
        },
      },
      (next) => (call) => next({ ...call, header: new Headers({ y: "2" }), signal: mine.signal }),
    );
    await calls.unary(unaryCall, request, init(), asIs);
    expect(context?.requestHeader.get("y")).toBe("2");
    expect(context?.signal.reason).toBe("mine");
  });

  test("what they put in the place of the answer's metadata reaches the caller", async () => {
    const calls = path(
      { unaryCall: () => ({}), streamingInputCall: async () => ({}) },
      (next) => async (call) => {
        const answer = await next(call);
        return { ...answer, header: new Headers({ a: "1" }), trailer: new Headers({ b: "2" }) };
      },
    );
    const unary = await calls.unary(unaryCall, request, init(), asIs);
    const stream = calls.stream(streamingInputCall, of(), init(), asIs);
    await Array.fromAsync(stream.messages);
    for (const { header, trailer } of [unary, stream]) {
      expect([header.get("a"), trailer.get("b")]).toEqual(["1", "2"]);
    }
  });
});

describe("a unary call", () => {
  test("a handler may return fields only", async () => {
    const calls = path({ unaryCall: () => ({ payload: { body: Uint8Array.of(1) } }) });
    const { message } = await calls.unary(unaryCall, request, init(), asIs);
    expect(message.$typeName).toBe("grpc.testing.SimpleResponse");
  });

  test("that fails leaves the metadata set until then with its caller", async () => {
    const responseHeader = new Headers();
    const responseTrailer = new Headers();
    const calls = path({
      unaryCall(_request, context) {
        context.responseHeader.set("a", "1");
        context.responseTrailer.set("b", "2");
        throw fault("MODEL_UNKNOWN", "none");
      },
    });
    await rejection(
      calls.unary(unaryCall, request, init({ responseHeader, responseTrailer }), asIs),
    );
    expect([responseHeader.get("a"), responseTrailer.get("b")]).toEqual(["1", "2"]);
  });

  test("ends when its deadline passes, whatever its handler does; that one is told", async () => {
    const told = Promise.withResolvers<unknown>();
    const calls = path({
      unaryCall(_request, { signal, timeoutMs }) {
        expect(timeoutMs()).toBeGreaterThan(0);
        void aborted(signal).then(told.resolve);
        return new Promise(() => {});
      },
    });
    const call = calls.unary(unaryCall, request, init({ timeoutMs: 5 }), asIs);
    const error = await call.then(
      () => undefined,
      (thrown) => thrown,
    );
    expect(reasonOf(faultFrom(error))).toBe("DEADLINE_EXCEEDED");
    expect(await told.promise).toMatchObject({ name: "TimeoutError" });
  });

  test("does not begin when its time is up already", async () => {
    const calls = path({
      unaryCall: () => {
        throw new Error("begun");
      },
    });
    const error = await rejection(calls.unary(unaryCall, request, init({ timeoutMs: 0 }), asIs));
    expect(error.code).toBe(Code.DeadlineExceeded);
  });

  test("has a signal that aborts when the client leaves, and at the call's end", async () => {
    const client = new AbortController();
    const signals: AbortSignal[] = [];
    const calls = path({
      async unaryCall({ responseSize }, context) {
        signals.push({ ...context }.signal);
        if (responseSize === 0) await aborted(context.signal);
        return {};
      },
    });
    const call = calls.unary(
      unaryCall,
      create(SimpleRequestSchema),
      init({ signal: client.signal }),
      asIs,
    );
    client.abort("left");
    await call;
    await calls.unary(unaryCall, request, init(), asIs);
    expect(signals.map(({ reason }) => reason)).toEqual([
      "left",
      expect.objectContaining({ name: "AbortError" }),
    ]);
  });

  test("of a method that is not mounted, or not unary, is UNIMPLEMENTED", async () => {
    const calls = createCallPath((router) => {
      router.rpc(streamingOutputCall, async function* () {});
    }, []);
    expect((await rejection(calls.unary(unaryCall, request, init(), asIs))).code).toBe(
      Code.Unimplemented,
    );
    const wrong = calls.unary(streamingOutputCall, streamed, init(), asIs);
    expect((await rejection(wrong)).code).toBe(Code.Unimplemented);
  });
});

describe("a stream", () => {
  test("begins with the first message that is asked for, and ends when its reader leaves", async () => {
    const events: string[] = [];
    const calls = path({
      async *streamingOutputCall(_request, { signal }) {
        events.push("begun");
        void aborted(signal).then(() => events.push("told"));
        try {
          for (;;) yield {};
        } finally {
          events.push("closed");
        }
      },
    });
    const { messages } = calls.stream(streamingOutputCall, of(streamed), init(), asIs);
    expect(events).toEqual([]);
    for await (const _message of messages) break;
    expect(events[0]).toBe("begun");
    expect(new Set(events)).toEqual(new Set(["begun", "closed", "told"]));
    expect(await Array.fromAsync(messages)).toEqual([]);
  });

  test.each([
    { name: "no message", input: [] },
    { name: "two messages", input: [streamed, streamed] },
  ])("of one request is UNIMPLEMENTED with $name", async ({ input }) => {
    const calls = path({ async *streamingOutputCall() {} });
    const { messages } = calls.stream(streamingOutputCall, of(...input), init(), asIs);
    expect((await rejection(Array.fromAsync(messages))).code).toBe(Code.Unimplemented);
  });

  test("gives what its handler gave before it failed", async () => {
    const calls = path({
      async *fullDuplexCall(requests) {
        for await (const _request of requests) yield {};
        throw fault("POOL_EMPTY", "none left");
      },
    });
    const { messages } = calls.stream(fullDuplexCall, of(streamed, streamed), init(), asIs);
    const seen: Message[] = [];
    const read = async () => {
      for await (const message of messages) seen.push(message);
    };
    expect(reasonOf(await rejection(read()))).toBe("POOL_EMPTY");
    expect(seen.map(({ $typeName }) => $typeName)).toEqual(
      Array(2).fill("grpc.testing.StreamingOutputCallResponse"),
    );
  });

  test("ends when its deadline passes, though its handler waits for ever", async () => {
    const told = Promise.withResolvers<unknown>();
    const calls = path({
      async *streamingOutputCall(_request, { signal }) {
        void aborted(signal).then(told.resolve);
        await new Promise(() => {});
      },
    });
    const { messages } = calls.stream(
      streamingOutputCall,
      of(streamed),
      init({ timeoutMs: 5 }),
      asIs,
    );
    const thrown = await Array.fromAsync(messages).catch((error) => error);
    expect(reasonOf(faultFrom(thrown))).toBe("DEADLINE_EXCEEDED");
    expect(await told.promise).toMatchObject({ name: "TimeoutError" });
  });
});

test("cutting off tells every handler at work", async () => {
  const begun = Promise.withResolvers<void>();
  const calls = path({
    async unaryCall(_request, { signal }) {
      begun.resolve();
      throw await aborted(signal);
    },
  });
  const call = calls.unary(unaryCall, request, init(), asIs);
  await begun.promise;
  calls.cutOff(fault("SHUTTING_DOWN", "closing"));
  expect(reasonOf(await rejection(call))).toBe("SHUTTING_DOWN");
});

test("a method cannot be mounted twice", () => {
  expect(() =>
    createCallPath((router) => {
      router.rpc(unaryCall, () => ({}));
      router.rpc(unaryCall, () => ({}));
    }, []),
  ).toThrow(TypeError);
});
