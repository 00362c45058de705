/** What is known of one gateway: fetched once for all who ask the same, kept fresh, reported to React. */

import { type Client, createClient, type Transport } from "@connectrpc/connect";
import { RoutingService } from "#gen/polygate/v1/routing_pb.js";
import { type GetPerformanceResponse, StatsService } from "#gen/polygate/v1/stats_pb.js";

/** What is known of a period, at one moment; a new object whenever it changes. */
export interface Snapshot {
  readonly metrics: GetPerformanceResponse | undefined;
  readonly error: Error | undefined;
  /** It is being asked. */
  readonly isLoading: boolean;
  /** Milliseconds of the epoch at which `metrics` came. */
  readonly loadedAtMs: number | undefined;
}

const nothingYet: Snapshot = {
  metrics: undefined,
  error: undefined,
  isLoading: true,
  loadedAtMs: undefined,
};

/** The last hours of a gateway. */
export class PerformanceTopic {
  readonly #ask: (signal: AbortSignal) => Promise<GetPerformanceResponse>;
  readonly #listeners = new Map<() => void, number>();
  #snapshot = nothingYet;
  #asking: Promise<void> | undefined;
  #abort = new AbortController();
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor(ask: (signal: AbortSignal) => Promise<GetPerformanceResponse>) {
    this.#ask = ask;
  }

  readonly snapshot = (): Snapshot => this.#snapshot;

  /** On a server nothing is known, and nothing is asked. */
  readonly serverSnapshot = (): Snapshot => nothingYet;

  /**
   * Hears of changes from now on, and has the gateway asked every `intervalMs`, by the shortest of all
   * listeners; 0 asks once. Returns what ends it; when nobody listens, no call goes on.
   */
  subscribe(listener: () => void, intervalMs: number): () => void {
    this.#listeners.set(listener, intervalMs);
    this.#schedule();
    if (this.#snapshot.metrics === undefined) void this.refresh();
    return () => {
      this.#listeners.delete(listener);
      this.#schedule();
      if (this.#listeners.size > 0) return;
      this.#abort.abort();
      this.#abort = new AbortController();
      this.#asking = undefined;
    };
  }

  /** Asks now; who asks while it is asked waits for the same answer. Never rejects. */
  readonly refresh = (): Promise<void> => {
    this.#asking ??= this.#askOnce(this.#abort.signal);
    return this.#asking;
  };

  async #askOnce(signal: AbortSignal): Promise<void> {
    this.#set({ isLoading: true });
    try {
      const metrics = await this.#ask(signal);
      if (!signal.aborted) this.#set({ metrics, error: undefined, loadedAtMs: Date.now() });
    } catch (thrown) {
      const error = thrown instanceof Error ? thrown : new Error(String(thrown));
      // What was known before stays, with its age.
      if (!signal.aborted) this.#set({ error });
    }
    if (signal.aborted) return;
    this.#asking = undefined;
    this.#set({ isLoading: false });
  }

  #set(change: Partial<Snapshot>): void {
    this.#snapshot = { ...this.#snapshot, ...change };
    for (const listener of this.#listeners.keys()) listener();
  }

  #schedule(): void {
    clearInterval(this.#timer);
    const wanted = [...this.#listeners.values()].filter((ms) => ms > 0);
    this.#timer = wanted.length === 0 ? undefined : setInterval(this.#tick, Math.min(...wanted));
  }

  /** A page that nobody sees asks nothing. */
  readonly #tick = (): void => {
    if (globalThis.document?.visibilityState !== "hidden") void this.refresh();
  };
}

/** Periods that are kept at one time: hours of one page are few. */
const topicsMax = 16;

/** One gateway. */
export class GatewayStore {
  readonly routing: Client<typeof RoutingService>;
  readonly #stats: Client<typeof StatsService>;
  readonly #topics = new Map<number, PerformanceTopic>();

  constructor(transport: Transport) {
    this.routing = createClient(RoutingService, transport);
    this.#stats = createClient(StatsService, transport);
  }

  /** The last `hours`, shared by all who ask for as many. */
  performance(hours: number): PerformanceTopic {
    const known = this.#topics.get(hours);
    if (known !== undefined) return known;
    const topic = new PerformanceTopic((signal) =>
      this.#stats.getPerformance({ hours }, { signal }),
    );
    if (this.#topics.size >= topicsMax) {
      const [oldest = hours] = this.#topics.keys();
      this.#topics.delete(oldest);
    }
    this.#topics.set(hours, topic);
    return topic;
  }
}
