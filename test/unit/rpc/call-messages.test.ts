import { create, type Message } from "@bufbuild/protobuf";
import type { Interceptor, ServiceImpl } from "@connectrpc/connect";
import { describe, expect, test } from "vitest";
import { fault, reasonOf } from "#errors/fault.ts";
import { faultFrom } from "#errors/from-unknown.ts";
import { type CallPolicy, createCallPath } from "#rpc/call.ts";
import {
  SimpleRequestSchema,
  StreamingOutputCallRequestSchema,
  TestService,
} from "../../gen/grpc/testing/test_pb.js";
import { asIs, callInit, rejection } from "../../support/call.ts";

const { unaryCall, streamingOutputCall } = TestService.method;
const request = create(SimpleRequestSchema);

/** Calls whose observer writes down what it is told. */
function watched(
  implementation: Partial<ServiceImpl<typeof TestService>>,
  { interceptors = [], ...policy }: CallPolicy & { interceptors?: Interceptor[] } = {},
) {
  const told: string[] = [];
  const calls = createCallPath(
    (router) => router.service(TestService, implementation),
    interceptors,
    {
      translate: faultFrom,
      observer: () => () => {
        told.push("begun");
        return (failure) => {
          told.push(failure === undefined ? "OK" : (reasonOf(faultFrom(failure)) ?? "none"));
        };
      },
      ...policy,
    },
  );
  const input = async function* () {
    yield create(StreamingOutputCallRequestSchema);
  };
  const stream = (init = callInit()) => {
    const { messages } = calls.stream(streamingOutputCall, input(), init, asIs);
    return messages[Symbol.asyncIterator]();
  };
  return { told, calls, input, stream };
}

/** A stream without end, and a promise of its clean-up. */
function endless(next: () => Promise<void> = async () => {}) {
  const begun = Promise.withResolvers<void>();
  const closed = Promise.withResolvers<string>();
  return {
    begun: begun.promise,
    closed: closed.promise,
    async *streamingOutputCall() {
      begun.resolve();
      try {
        for (;;) {
          await next();
          yield {};
        }
      } finally {
        closed.resolve("closed");
      }
    },
  };
}

const failureOf = (work: Promise<unknown>) => rejection(work).then(reasonOf);

describe("a handler whose call is over is closed", () => {
  test("before its reader goes on, when that has left", async () => {
    const client = new AbortController();
    const cleaned = Promise.withResolvers<void>();
    const { stream } = watched({
      async *streamingOutputCall() {
        try {
          yield {};
        } finally {
          await cleaned.promise;
        }
      },
    });
    const messages = stream(callInit({ signal: client.signal }));
    await messages.next();
    client.abort(fault("CANCELLED", "left"));
    let isOver = false;
    const left = messages.return?.().then(() => {
      isOver = true;
    });
    await new Promise(setImmediate);
    expect(isOver).toBe(false);
    cleaned.resolve();
    await left;
  });

  test("though its message comes after the client has left", async () => {
    const message = Promise.withResolvers<void>();
    const handler = endless(() => message.promise);
    const client = new AbortController();
    const { told, stream } = watched(handler);
    const pulled = stream(callInit({ signal: client.signal })).next();
    await handler.begun;
    client.abort(fault("CANCELLED", "left"));
    message.resolve();
    expect(await failureOf(pulled)).toBe("CANCELLED");
    expect(await handler.closed).toBe("closed");
    expect(told).toEqual(["begun", "CANCELLED"]);
  });

  test("though nobody pulls when the deadline passes", async () => {
    const handler = endless();
    const { told, stream } = watched(handler);
    const messages = stream(callInit({ timeoutMs: 20 }));
    expect((await messages.next()).done).toBe(false);
    expect(await handler.closed).toBe("closed");
    expect(told).toEqual(["begun", "DEADLINE_EXCEEDED"]);
    expect(await failureOf(messages.next())).toBe("DEADLINE_EXCEEDED");
  });

  test("and is not begun when an interceptor lets the call through too late", async () => {
    const release = Promise.withResolvers<void>();
    const late = Promise.withResolvers<void>();
    const client = new AbortController();
    let begun = false;
    const { told, stream } = watched(
      {
        async *streamingOutputCall() {
          begun = true;
          yield {};
        },
      },
      {
        interceptors: [
          (next) => async (call) => {
            await release.promise;
            const answer = await next(call);
            late.resolve();
            return answer;
          },
        ],
      },
    );
    const pulled = stream(callInit({ signal: client.signal })).next();
    client.abort(fault("CANCELLED", "left"));
    release.resolve();
    expect(await failureOf(pulled)).toBe("CANCELLED");
    await late.promise;
    expect([begun, told]).toEqual([false, ["begun", "CANCELLED"]]);
  });
});

async function* one() {
  yield {};
}

/** Gives one message, then throws. */
function throwingLater(): AsyncIterable<object> {
  let given = 0;
  const next = () => {
    given += 1;
    if (given > 1) throw fault("POOL_EMPTY", "none");
    return Promise.resolve({ value: {}, done: false as const });
  };
  return { [Symbol.asyncIterator]: () => ({ next }) };
}

const leftBefore = () => AbortSignal.abort(fault("CANCELLED", "left"));
const throwing: Interceptor = () => () => {
  throw fault("POOL_EMPTY", "none");
};

describe("the observer of a stream is told once how it ended", () => {
  const drain = async (messages: AsyncIterator<Message>) => {
    while (!(await messages.next()).done);
  };
  const rows: {
    name: string;
    told: string[];
    handler?: () => AsyncIterable<object>;
    run?: (messages: AsyncIterator<Message>) => Promise<unknown>;
    init?: () => Parameters<typeof callInit>[0];
    policy?: Parameters<typeof watched>[1];
  }[] = [
    { name: "read to its end", told: ["begun", "OK"] },
    {
      name: "asked on behind its end",
      told: ["begun", "OK"],
      run: async (messages) => {
        await drain(messages);
        await drain(messages);
        await messages.return?.();
      },
    },
    { name: "never pulled", told: [], run: async (messages) => messages.return?.() },
    {
      name: "left by its reader",
      told: ["begun", "CANCELLED"],
      run: async (messages) => {
        await messages.next();
        await messages.return?.();
        await messages.return?.();
      },
    },
    {
      name: "failed by its handler",
      told: ["begun", "POOL_EMPTY"],
      async *handler() {
        yield {};
        throw fault("POOL_EMPTY", "none");
      },
    },
    {
      name: "failed by an interceptor that throws at once",
      told: ["begun", "POOL_EMPTY"],
      policy: { interceptors: [throwing] },
    },
    {
      name: "left before it began, whatever its handler does",
      told: ["begun", "CANCELLED"],
      init: () => ({ signal: leftBefore() }),
      handler: () => endless(() => new Promise(() => {})).streamingOutputCall(),
    },
    {
      name: "failed by an iterator that throws instead of rejecting",
      told: ["begun", "POOL_EMPTY"],
      handler: () => throwingLater(),
    },
    {
      name: "past its deadline",
      told: ["begun", "DEADLINE_EXCEEDED"],
      init: () => ({ timeoutMs: 5 }),
      handler: () => endless(() => new Promise(() => {})).streamingOutputCall(),
    },
    {
      name: "past the server's limit, the shorter one",
      told: ["begun", "DEADLINE_EXCEEDED"],
      init: () => ({ timeoutMs: 60_000 }),
      policy: { timeoutMs: 5 },
      handler: () => endless(() => new Promise(() => {})).streamingOutputCall(),
    },
    {
      name: "past the client's deadline, the server's limit lifted by its first message",
      told: ["begun", "DEADLINE_EXCEEDED"],
      init: () => ({ timeoutMs: 40 }),
      policy: { timeoutMs: 30 },
      async *handler() {
        yield {};
        await new Promise(() => {});
      },
    },
    {
      name: "ended by metadata that cannot be sent",
      told: ["begun", "INTERNAL"],
      policy: {
        interceptors: [
          (next) => async (call) => ({
            ...(await next(call)),
            trailer: new Headers({ x: "\u0001" }),
          }),
        ],
      },
    },
  ];
  test.each(rows)("$name", async ({ told, handler = one, run = drain, init, policy }) => {
    const seen = watched({ streamingOutputCall: handler }, policy);
    await run(seen.stream(callInit(init?.()))).catch((error) => {
      expect(reasonOf(error)).toBe(told.at(-1));
    });
    expect(seen.told).toEqual(told);
  });
});

describe("a handler whose iterator is no generator", () => {
  const message = { value: {}, done: false };
  const passing: Interceptor = (next) => async (call) => {
    const answer = await next(call);
    if (!answer.stream) return answer;
    const { message: messages } = answer;
    return {
      ...answer,
      message: (async function* () {
        yield* messages;
      })(),
    };
  };

  const rows: { gives: string; second: () => unknown; told: string }[] = [
    { gives: "results that are no promises", second: () => message, told: "OK" },
    { gives: "no result", second: () => undefined, told: "INTERNAL" },
    { gives: "a promise of no result", second: async () => undefined, told: "INTERNAL" },
    {
      gives: "what it throws",
      second: () => {
        throw fault("POOL_EMPTY", "none");
      },
      told: "POOL_EMPTY",
    },
  ];
  test.each(
    rows.flatMap((row) => [
      { ...row, chain: "alone", interceptors: [] },
      { ...row, chain: "behind an interceptor", interceptors: [passing] },
    ]),
  )("and that gives $gives is told once how it ended, $chain", async (row) => {
    const { second, told: end, interceptors } = row;
    const results = [() => message, second, async () => ({ value: undefined, done: true })];
    const { told, stream } = watched(
      {
        streamingOutputCall: () =>
          ({
            [Symbol.asyncIterator]: () => ({ next: () => results.shift()?.() }),
          }) as AsyncIterable<object>,
      },
      { interceptors },
    );
    const read = Array.fromAsync({ [Symbol.asyncIterator]: () => stream() });
    await read.catch(() => {});
    expect(told).toEqual(["begun", end]);
  });
});

describe("what cannot be sent", () => {
  const tooLarge = () => {
    throw fault("BODY_TOO_LARGE", "the message cannot be sent");
  };

  test("is how a unary call ends, for its caller and its observer alike", async () => {
    const { calls, told } = watched({ unaryCall: () => ({}) });
    const call = calls.unary(unaryCall, request, callInit(), tooLarge);
    expect(await failureOf(call)).toBe("BODY_TOO_LARGE");
    expect(told).toEqual(["begun", "BODY_TOO_LARGE"]);
  });

  test("is how a stream ends, and its handler is closed", async () => {
    const handler = endless();
    const { calls, told, input } = watched(handler);
    let sent = 0;
    const { messages } = calls.stream(streamingOutputCall, input(), callInit(), (message) => {
      sent += 1;
      return sent < 3 ? message : tooLarge();
    });
    expect(await failureOf(Array.fromAsync(messages))).toBe("BODY_TOO_LARGE");
    expect([await handler.closed, sent, told]).toEqual(["closed", 3, ["begun", "BODY_TOO_LARGE"]]);
  });
});

test("a reader that has all that it wants ends the call well, and its handler is closed", async () => {
  const handler = endless();
  const { calls, told, input } = watched(handler);
  const answer = calls.stream(streamingOutputCall, input(), callInit(), asIs);
  for await (const _first of answer.messages) {
    answer.finish();
    break;
  }
  expect([await handler.closed, told]).toEqual(["closed", ["begun", "OK"]]);
});

describe("the observer of a unary call is told once how it ended", () => {
  const rows: {
    name: string;
    told: string[];
    handler: () => Promise<object>;
    init?: () => Parameters<typeof callInit>[0];
    policy?: Parameters<typeof watched>[1];
  }[] = [
    { name: "well", told: ["begun", "OK"], handler: async () => ({}) },
    {
      name: "with a handler's failure",
      told: ["begun", "POOL_EMPTY"],
      handler: async () => {
        throw fault("POOL_EMPTY", "none");
      },
    },
    {
      name: "by an interceptor that throws at once",
      told: ["begun", "POOL_EMPTY"],
      handler: async () => ({}),
      policy: { interceptors: [throwing] },
    },
    {
      name: "past its deadline, its handler failing afterwards",
      told: ["begun", "DEADLINE_EXCEEDED"],
      handler: () =>
        new Promise((_, reject) => setTimeout(() => reject(fault("POOL_EMPTY", "none")), 10)),
      init: () => ({ timeoutMs: 5 }),
    },
  ];
  test.each(rows)("$name", async ({ told, handler, init, policy }) => {
    const seen = watched({ unaryCall: handler }, policy);
    await seen.calls.unary(unaryCall, request, callInit(init?.()), asIs).catch((error) => {
      expect(reasonOf(error)).toBe(told.at(-1));
    });
    expect(seen.told).toEqual(told);
  });

  test("that failed before its message was there", async () => {
    const { calls, told } = watched({ unaryCall: () => ({}) });
    const failure = await calls.failed(unaryCall, callInit(), fault("BODY_MALFORMED", "no"));
    expect([reasonOf(faultFrom(failure)), told]).toEqual([
      "BODY_MALFORMED",
      ["begun", "BODY_MALFORMED"],
    ]);
  });

  test("that was not admitted", async () => {
    const { calls, told } = watched(
      { unaryCall: () => ({}) },
      { admits: () => false, interceptors: [throwing] },
    );
    await rejection(Promise.resolve(calls.admit(unaryCall, callInit())));
    expect(told).toEqual(["begun", "POOL_EMPTY"]);
  });
});
