/** What every call passes on its way out: the caller's key, and the retry policy. */

import type { Interceptor, StreamRequest, StreamResponse, UnaryRequest } from "@connectrpc/connect";
import { serviceConfig } from "../gen/service-config.js";
import { failureOf, isUnavailable } from "./failure.ts";
import type { ClientOptions } from "./options.ts";

const [{ name: repeatable, retryPolicy }] = serviceConfig.methodConfig;
const methods = new Set(repeatable.map(({ service, method }) => `${service}/${method}`));

type Next = Parameters<Interceptor>[0];

/** Interceptors for a transport, outermost first. */
export function callPolicy({ apiKey, attemptsMax }: ClientOptions): Interceptor[] {
  const policy = [retries(attemptsMax ?? retryPolicy.maxAttempts)];
  return apiKey === undefined ? policy : [withKey(apiKey), ...policy];
}

function withKey(apiKey: string): Interceptor {
  return (next) => (request) => {
    if (!request.header.has("authorization")) {
      request.header.set("authorization", `Bearer ${apiKey}`);
    }
    return next(request);
  };
}

/**
 * Repeats calls of the methods that the gateway's retry policy lists, while it is not available and
 * their deadline allows. A stream is repeated until its first message has come, never after it.
 */
function retries(attemptsMax: number): Interceptor {
  return (next) => (request) => {
    const { service, method, signal } = request;
    if (!methods.has(`${service.typeName}/${method.name}`)) return next(request);
    const attempt = request.stream ? streamAttempt(next, request) : () => next(request);
    return repeated<UnaryResponseOrStream>(attempt, attemptsMax, signal);
  };
}

type UnaryResponseOrStream = Awaited<ReturnType<Next>>;

async function repeated<T>(
  attempt: () => Promise<T>,
  attemptsMax: number,
  signal: AbortSignal,
): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await attempt();
    } catch (error) {
      const failure = failureOf(error);
      if (tries >= attemptsMax || signal.aborted || !isUnavailable(failure)) throw error;
      await pause(pauseMs(tries, failure.retryAfterMs ?? 0, Math.random()), signal, error);
    }
  }
}

/**
 * How long to wait after the try of this number: full jitter below a bound that doubles, and never
 * less than the gateway asks for. Milliseconds; `chance` is 0 to 1.
 */
export function pauseMs(tries: number, retryAfterMs: number, chance: number): number {
  const { initialBackoff, maxBackoff, backoffMultiplier } = retryPolicy;
  const bound = Math.min(ms(maxBackoff), ms(initialBackoff) * backoffMultiplier ** (tries - 1));
  return Math.max(retryAfterMs, bound * chance);
}

function ms(seconds: string): number {
  return Number.parseFloat(seconds) * 1_000;
}

/** Rejects with `error`, the failure that the pause follows, when the call ends meanwhile. */
function pause(durationMs: number, signal: AbortSignal, error: unknown): Promise<void> {
  return new Promise((resolve, reject) => {
    const leave = () => {
      clearTimeout(timer);
      reject(error);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener("abort", leave);
      resolve();
    }, durationMs);
    signal.addEventListener("abort", leave, { once: true });
  });
}

/** A try of a server stream: it is there once its first message, or its end, is. */
function streamAttempt(next: Next, request: StreamRequest): () => Promise<StreamResponse> {
  let asked: Promise<readonly StreamMessage[]> | undefined;
  return async () => {
    asked ??= collected(request.message);
    const message = replayed(await asked);
    const response = (await next({ ...request, message })) as StreamResponse;
    const messages = response.message[Symbol.asyncIterator]();
    const first = await messages.next();
    return { ...response, message: resumed(first, messages) };
  };
}

type StreamMessage = UnaryRequest["message"];

/** What a server stream is asked: one message. */
async function collected(
  messages: AsyncIterable<StreamMessage>,
): Promise<readonly StreamMessage[]> {
  const all: StreamMessage[] = [];
  for await (const message of messages) all.push(message);
  return all;
}

async function* replayed(messages: readonly StreamMessage[]): AsyncGenerator<StreamMessage> {
  yield* messages;
}

async function* resumed(
  first: IteratorResult<StreamMessage>,
  rest: AsyncIterator<StreamMessage>,
): AsyncGenerator<StreamMessage> {
  try {
    for (let next = first; next.done !== true; next = await rest.next()) yield next.value;
  } finally {
    await rest.return?.();
  }
}
