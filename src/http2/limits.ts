/** What a peer may ask of a connection: sizes, times and the budgets against abuse. Pure. */

import { slowestPace } from "#core/pace.ts";

/** Limits of a connection. */
export interface ConnectionLimits {
  /** Most streams that the peer may have open. */
  readonly concurrentStreamsMax: number;
  /** Most bytes of a header list, as SETTINGS_MAX_HEADER_LIST_SIZE counts them. */
  readonly headerListBytesMax: number;
  /** Most fields of a header list. */
  readonly headerFieldsMax: number;
  /** Largest payload of a frame that is taken. */
  readonly frameBytesMax: number;
  /** Receive window of a stream at first. */
  readonly streamWindowBytes: number;
  /** Receive window of the connection at first. */
  readonly connectionWindowBytes: number;
  /** Both windows grow up to this for senders that fill them; equal to a window, it stays. */
  readonly windowBytesMax: number;
  /** By so much all streams together may have larger windows than their first. */
  readonly lentBytesMax: number;
  /** Bodies that came and were not read may hold this much; past it the whole connection waits. */
  readonly unreadBytesMax: number;
  /** A stream whose queue is longer tells its writer to wait. */
  readonly sendBufferBytes: number;
  /** Time for TLS, preface and first SETTINGS. */
  readonly handshakeTimeoutMs: number;
  /** Time for the peer to acknowledge SETTINGS. */
  readonly settingsTimeoutMs: number;
  /** Time from the first frame of a header block to its last. */
  readonly headerTimeoutMs: number;
  /**
   * Bytes per second that a peer has to read of what waits for it, and to send of a body, or of a
   * message in it, that is waited for. More when so much waits that it would take over an hour.
   */
  readonly bytesPerSecondMin: number;
  /** How far the peer may fall behind that. */
  readonly stallTimeoutMs: number;
  /** Time for a body, or for a message in it, that is waited for. */
  readonly bodyTimeoutMs: number;
  /** Time without anything of a request's rest after its response, after which it is reset. */
  readonly lingerMs: number;
  /** Time for that rest in all. */
  readonly lingerMsMax: number;
  /** Bytes of that rest. */
  readonly lingerBytesMax: number;
  /**
   * A connection that is silent for so long is asked with a PING; 0 never asks. Clients ask
   * only while a call is open: servers count other PINGs as abuse.
   */
  readonly keepAliveMs: number;
  /** Time for the response to such a PING. */
  readonly keepAliveTimeoutMs: number;
  /** Time without a stream after which the connection is drained; 0 never. */
  readonly idleTimeoutMs: number;
  /** Age at which the connection is drained; 0 never. */
  readonly ageMaxMs: number;
}

/** Limits where no others are given. */
export const defaultLimits: ConnectionLimits = {
  concurrentStreamsMax: 256,
  headerListBytesMax: 16 * 1024,
  headerFieldsMax: 128,
  frameBytesMax: 16 * 1024,
  streamWindowBytes: 256 * 1024,
  connectionWindowBytes: 1024 * 1024,
  windowBytesMax: 16 * 1024 * 1024,
  lentBytesMax: 16 * 1024 * 1024,
  unreadBytesMax: 16 * 1024 * 1024,
  sendBufferBytes: 256 * 1024,
  handshakeTimeoutMs: 10_000,
  settingsTimeoutMs: 10_000,
  headerTimeoutMs: 10_000,
  bytesPerSecondMin: slowestPace.bytesPerSecondMin,
  stallTimeoutMs: slowestPace.slackMs,
  bodyTimeoutMs: 300_000,
  lingerMs: 5_000,
  lingerMsMax: 30_000,
  lingerBytesMax: 64 * 1024 * 1024,
  keepAliveMs: 300_000,
  keepAliveTimeoutMs: 20_000,
  idleTimeoutMs: 0,
  ageMaxMs: 0,
};

/**
 * What a client has else. Its calls are those of many callers, and one who leaves a response unread
 * must not stop the others: the connection never waits. What lies unread is bounded by the streams,
 * each of which has a small first window, and by what is lent.
 */
export const clientLimits: ConnectionLimits = {
  ...defaultLimits,
  streamWindowBytes: 64 * 1024,
  unreadBytesMax: Number.POSITIVE_INFINITY,
};

/** Entries of one SETTINGS frame. */
export const settingsEntriesMax = 32;
/** Control frames of this project that may wait for a peer that does not read. */
export const controlFramesMax = 1000;
/** DATA below this many bytes is tiny, and costs what it lacks. */
export const tinyDataBytes = 256;
/** Tiny frames that are forgiven for each message, and for a body that is whole. */
export const tinyFramesPerMessage = 4;
export const tinyFramesPerBody = 16;
/** What is counted for an open stream besides its head and its body. */
export const streamBytes = 4096;
/** Time in which whatever waits for a peer should be read: a slow reader of much has to read faster. */
export const drainTimeMs = 3_600_000;
/** Stream identifiers of a connection that are used before it is replaced: three quarters. */
export const streamIdDrain = 0x6000_0000;

/** A budget: `burst` at once, `perSecond` regained. Names are the GOAWAY's debug data. */
interface Budget {
  readonly name: string;
  readonly burst: number;
  readonly perSecond: number;
}

/** Each known abuse that is legal frame by frame. */
const budgets = {
  /** Streams that the peer resets before their response is whole (rapid reset). */
  resets: { name: "too_many_resets", burst: 200, perSecond: 20 },
  /** Faults that make us reset a stream or ignore a frame (made-you-reset). */
  faults: { name: "too_many_stream_errors", burst: 200, perSecond: 20 },
  /** PINGs that want a response. */
  pings: { name: "too_many_pings", burst: 200, perSecond: 20 },
  /** SETTINGS that want a response. */
  settings: { name: "too_many_settings", burst: 100, perSecond: 10 },
  /** PRIORITY frames, which mean nothing. */
  priorities: { name: "too_many_priorities", burst: 1000, perSecond: 100 },
  /** WINDOW_UPDATEs; what we send earns them. */
  windowUpdates: { name: "too_many_window_updates", burst: 2000, perSecond: 500 },
  /** DATA without a byte and without an end. */
  emptyData: { name: "too_many_empty_data_frames", burst: 100, perSecond: 1 },
  /**
   * Bytes that tiny DATA lacks; larger DATA, messages and ends earn them back, storing does not. A
   * body of 10 MB in lines of a hundred bytes passes.
   */
  tinyData: { name: "too_many_tiny_data_frames", burst: 16 << 20, perSecond: 1 << 20 },
  /** Frames of types that no one knows. */
  unknownFrames: { name: "too_many_unknown_frames", burst: 1000, perSecond: 100 },
} as const satisfies Record<string, Budget>;

/** The name of a budget. */
export type BudgetName = keyof typeof budgets;

/** Accounts of one peer. Most stay at zero, and cost no arithmetic with time until they are spent. */
export class PeerBudgets {
  readonly #spent: Record<BudgetName, number> = {
    resets: 0,
    faults: 0,
    pings: 0,
    settings: 0,
    priorities: 0,
    windowUpdates: 0,
    emptyData: 0,
    tinyData: 0,
    unknownFrames: 0,
  };
  #regainedMs: number;

  constructor(nowMs: number) {
    this.#regainedMs = nowMs;
  }

  /** Spends `cost`; when the budget is used up, returns its name for the GOAWAY. */
  spend(name: BudgetName, cost: number, nowMs: number): string | undefined {
    this.#spent[name] += cost;
    if (this.#spent[name] <= budgets[name].burst) return undefined;
    this.#regain(nowMs);
    return this.#spent[name] <= budgets[name].burst ? undefined : budgets[name].name;
  }

  /** Gives back what progress has earned. */
  earn(name: BudgetName, amount: number): void {
    const spent = this.#spent[name];
    if (spent > 0) this.#spent[name] = spent > amount ? spent - amount : 0;
  }

  #regain(nowMs: number): void {
    const elapsedMs = Math.max(0, nowMs - this.#regainedMs);
    this.#regainedMs = nowMs;
    for (const [name, { perSecond }] of Object.entries(budgets)) {
      this.earn(name as BudgetName, (elapsedMs * perSecond) / 1000);
    }
  }
}
