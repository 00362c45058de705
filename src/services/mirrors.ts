/** Copies of chats for a second target: they run beside the call, and their responses are dropped. */

import type { ChatBackend } from "#backends/backend.ts";
import type { ChatCatalog, ChatMirror } from "#catalog/chat-catalog.ts";
import type { ByteBudget } from "#core/byte-budget.ts";
import { type Clock, timeLimit } from "#core/clock.ts";
import type { Rng } from "#core/rng.ts";
import { failedOutcome } from "#interceptors/outcome.ts";
import type { CallJournal } from "#observability/call-journal.ts";
import type { CallOutcome, CallRecord } from "#observability/call-record.ts";
import type { AttemptCall, CallWatch, Dispatch, RoutedCall } from "#routing/dispatch.ts";
import type { Route } from "#routing/route.ts";
import { type Answered, account, seenOf } from "./account.ts";
import { triesOf } from "./backend-call.ts";
import type { ServiceMetrics } from "./metric-families.ts";

/** What mirrors need. */
export interface MirrorDeps {
  readonly clock: Clock;
  readonly rng: Rng;
  readonly metrics: Pick<ServiceMetrics, "mirrored" | "genAi">;
  readonly journal: Pick<CallJournal, "add">;
  /** Bytes of requests that are held. */
  readonly buffers: ByteBudget;
  readonly dispatch: Dispatch;
  readonly catalog: Pick<ChatCatalog, "priceOf" | "genAiNameOf" | "knows">;
  /** Ends all copies. */
  readonly stopping: AbortSignal;
}

/** A chat that may be copied. */
export interface MirroredChat {
  /** Service and method. */
  readonly procedure: string;
  /** Of the call itself, which goes on beside the copy. */
  readonly record: CallRecord;
  /** Bytes of the request, which the copy holds until its end. */
  bytes(): number;
  /** Sends the copy and reads what comes to its end; what is known of it goes into its record. */
  read(copy: Copy): Promise<void>;
}

/** A copy on its way. */
export interface Copy {
  readonly dispatch: Dispatch;
  readonly route: Route<ChatBackend>;
  /** The call as routing is given it; `answeredOf` reads what its response used. */
  routed(answeredOf: (response: never) => Answered | undefined): RoutedCall;
  readonly record: CallRecord;
}

/** Copies at one time, and the time of each: one that would be too many is not made. */
const copiesMax = 100;
const copyMsMax = 600_000;

/** Sends copies, each once; nobody waits for them. */
export class Mirrors {
  readonly #deps: MirrorDeps;
  #running = 0;

  constructor(deps: MirrorDeps) {
    this.#deps = deps;
  }

  /** Copies the share of chats that the route wants copied. Never throws. */
  offer({ share, route }: ChatMirror, chat: MirroredChat): void {
    const { rng, metrics } = this.#deps;
    if (rng.next() >= share) return;
    if (this.#running >= copiesMax) {
      metrics.mirrored.inc({ result: "skipped" });
      return;
    }
    this.#running += 1;
    // Behind the call's own request, which it must not delay.
    setImmediate(() => {
      void this.#copy(route, chat)
        .catch(() => "failed" as const)
        .then((result) => {
          this.#running -= 1;
          metrics.mirrored.inc({ result });
        });
    });
  }

  async #copy(route: Route<ChatBackend>, chat: MirroredChat): Promise<"ok" | "failed" | "skipped"> {
    const { buffers, clock, dispatch, journal, stopping } = this.#deps;
    const bytes = chat.bytes();
    if (stopping.aborted || !buffers.take(bytes)) return "skipped";
    const record = copyOf(chat.record, clock);
    let outcome: CallOutcome = { procedure: chat.procedure, code: "OK", level: "info" };
    try {
      using limit = timeLimit(copyMsMax, stopping);
      const { signal } = limit;
      const call = { signal, requestId: record.requestId, reports: triesOf(record) };
      const routed = (answeredOf: (response: never) => Answered | undefined) => ({
        ...call,
        watch: this.#watch(record, answeredOf),
      });
      await chat.read({ dispatch, route, routed, record });
    } catch (thrown) {
      outcome = failedOutcome(outcome, thrown);
    } finally {
      buffers.release(bytes);
    }
    journal.add(record, outcome);
    return outcome.code === "OK" ? "ok" : "failed";
  }

  /** What a copy uses is paid for like anything else. */
  #watch(record: CallRecord, answeredOf: (response: never) => Answered | undefined): CallWatch {
    const { catalog, metrics } = this.#deps;
    let attempt: AttemptCall | undefined;
    let whole: Answered | undefined;
    return {
      answered(by) {
        attempt = by;
      },
      used(response) {
        const answered = answeredOf(response as never);
        whole = answered;
        return attempt === undefined || answered === undefined
          ? { tokens: 0, cost: 0 }
          : account(answered, attempt, record, catalog);
      },
      ended({ pool, model, outcome, elapsedMs }) {
        metrics.genAi.add({
          operation: "chat",
          provider: catalog.genAiNameOf(pool),
          requestModel: model,
          isKnown: () => catalog.knows(pool, model),
          elapsedMs,
          ...(outcome === "OK" ? seenOf(whole) : { error: outcome }),
        });
      },
    };
  }
}

/** The record of a copy, which is shown among recent calls as one of the surface `mirror`. */
function copyOf(
  {
    requestId,
    listener,
    port,
    clientAddress,
    httpMethod,
    httpVersion,
    endpoint,
    principal,
  }: CallRecord,
  clock: Clock,
): CallRecord {
  return {
    requestId: `${requestId}-mirror`,
    ...{ listener, port, clientAddress, httpMethod, httpVersion, endpoint },
    startMs: clock.nowMs(),
    surface: "mirror",
    status: undefined,
    called: true,
    ...(principal === undefined ? {} : { principal }),
  };
}
