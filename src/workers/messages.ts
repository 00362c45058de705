/** What the main thread and the threads that serve calls tell and ask each other. Types only. */

import type { Socket } from "node:net";
import type { WatchedBudget, WatchedPool } from "#alerts/conditions.ts";
import type { Inference, Inferred } from "#backends/onnx/inference-queue.ts";
import type { SessionRequest, SessionSignature } from "#backends/onnx/messages.ts";
import type { Settings } from "#config/settings.ts";
import type { HistorySample } from "#history/bucket.ts";
import type { HistoryRow } from "#history/history-row.ts";
import type { BucketRange } from "#history/store.ts";
import type { LimitsMemory } from "#limits/shared-memory.ts";
import type { MetricSnapshot } from "#observability/family.ts";
import type { ConfigOutcome, ConfigurationStatus, ShownSetting } from "#services/config.ts";
import type { StatsSnapshot } from "#services/stats-snapshot.ts";
import type { FileFacts, Upload } from "#uploads/upload.ts";
import type { PortMessage } from "./port-calls.ts";

/** Settings, and how many others were served by before. */
export interface GenerationFacts {
  readonly settings: Settings;
  readonly generation: number;
}

/** What a thread begins with. */
export interface ThreadData extends GenerationFacts {
  /** Its row on the board, and in the counts of calls in progress. */
  readonly slot: number;
  readonly board: SharedArrayBuffer;
  /** Of `SharedNumbers`. */
  readonly numbers: SharedArrayBuffer;
  readonly limits: LimitsMemory;
  /** When the process began to serve, by the clock that all threads read. */
  readonly startedMs: number;
}

/** What a thread says of itself in words. */
export interface ThreadFacts {
  readonly backends: readonly string[];
  readonly models: readonly string[];
}

/** A call of a service in binary form, and whose act it is. */
export interface ServiceCall {
  readonly service: string;
  readonly method: string;
  readonly request: Uint8Array;
  readonly requestId: string;
  readonly principal: string;
  /** What it changes: threads that start later do the last of each; absent: nothing lasting. */
  readonly subject?: string;
}

/** A call whose responses go on, and whose caller it takes a place from in each thread. */
export interface WatchCall extends ServiceCall {
  readonly isAuthenticated: boolean;
  readonly clientAddress: string;
}

/** A watch that a thread asks others for; `watch` counts those of one thread. */
export interface WatchOpening {
  readonly watch: number;
  readonly call: WatchCall;
}

/** What all other threads answered: responses in binary form, and why there are none. */
export interface OthersAnswer {
  readonly responses: readonly Uint8Array[];
  readonly failures: readonly string[];
}

/** What the main thread asks of a thread. */
export type AskedOfThread = {
  /** Resolves when it serves. */
  readonly start: readonly [undefined, ThreadFacts];
  /** Resolves when its models have loaded, or failed to. */
  readonly ready: readonly [undefined, ThreadFacts];
  readonly metrics: readonly [undefined, readonly MetricSnapshot[]];
  readonly stats: readonly [undefined, StatsSnapshot];
  /** Whether endpoints answer: after a probe of each, for at most so many milliseconds, where they are given. */
  readonly pools: readonly [{ readonly probeMs?: number }, readonly WatchedPool[]];
  /** The budgets that its calls met lately. */
  readonly budgets: readonly [undefined, readonly WatchedBudget[]];
  readonly renewCertificates: readonly [undefined, undefined];
  readonly reopenFiles: readonly [undefined, undefined];
  /** Builds what other settings ask for; `take` has it serve, `drop` lets it go. `closed` resolves when what served before has ended. */
  readonly prepare: readonly [GenerationFacts, undefined];
  readonly take: readonly [undefined, undefined];
  readonly closed: readonly [undefined, undefined];
  readonly drop: readonly [undefined, undefined];
  /** It is not ready any more, for whoever asks. */
  readonly announceStop: readonly [undefined, undefined];
  /** Resolves when its calls have ended, and what it writes is written. */
  readonly finish: readonly [undefined, undefined];
  /** Resolves with the response in binary form. */
  readonly call: readonly [ServiceCall, Uint8Array];
  /** The next responses of a watch, which begins with the first; undefined at its end. Who watches no more says so. */
  readonly watchNext: readonly [WatchOpening, readonly Uint8Array[] | undefined];
  readonly watchEnd: readonly [number, undefined];
};

/** A session that a thread needs. */
export interface SessionLoad {
  readonly request: SessionRequest;
  /** Workers that hold it; all when absent. */
  readonly instances?: number;
}

/** An inference for the workers that all threads share. */
export interface ThreadInference extends Pick<Inference, "key" | "group" | "inputs" | "rowsMax"> {
  /** Counts the runs of one thread, so that one can be cancelled. */
  readonly run: number;
  /** Not begun after this time from now, in milliseconds; absent when it may wait for ever. */
  readonly withinMs?: number;
}

/** What came of it. */
export interface ThreadInferred extends Inferred {
  /** Of the run that it was part of; absent where another one of that run is reported. */
  readonly ran?: { readonly rows: number; readonly computeMs: number };
}

/** What a thread reads of the history. */
export interface HistoryReading {
  /** Counts those of one thread. */
  readonly reading: number;
  readonly range: BucketRange;
}

/** How the history was opened. */
export interface HistoryState {
  /** Calls that it lacks. */
  readonly lost: number;
  /** Absent where it is kept in memory. */
  readonly state: "working" | "failing" | undefined;
}

/** An upload that a thread is sent; `upload` counts those of one thread. */
export interface UploadStart {
  readonly upload: number;
  readonly owner: string;
}

/** The next bytes of one. */
export interface UploadBytes {
  readonly upload: number;
  readonly bytes: Uint8Array;
}

/** What is known of one that is whole. */
export interface UploadFacts {
  readonly upload: number;
  readonly facts: FileFacts;
}

/** The upload that a call names. */
export interface UploadName {
  readonly owner: string;
  readonly id: string;
}

/** What a thread asks of the main thread. */
export type AskedOfMain = {
  /** The metrics of all threads, as Prometheus reads them. */
  readonly exposition: readonly [undefined, string];
  /** What all threads have counted, for statistics. */
  readonly allStats: readonly [undefined, StatsSnapshot];
  /** Calls that have ended, for the history. */
  readonly recordHistory: readonly [readonly HistorySample[], HistoryState];
  readonly flushHistory: readonly [undefined, undefined];
  /** The next slice of a reading, undefined at its end. Who reads no further says so. */
  readonly readHistory: readonly [HistoryReading, readonly HistoryRow[] | undefined];
  readonly endReading: readonly [number, undefined];
  /** Uploads, as `UploadTarget` and `Uploads` have them. Their bytes are moved. */
  readonly beginUpload: readonly [UploadStart, undefined];
  readonly writeUpload: readonly [UploadBytes, undefined];
  readonly keepUpload: readonly [UploadFacts, Upload];
  readonly leaveUpload: readonly [number, undefined];
  readonly findUpload: readonly [UploadName, Upload | undefined];
  readonly readUpload: readonly [UploadName, Uint8Array<ArrayBuffer> | undefined];
  readonly configValues: readonly [undefined, readonly ShownSetting[]];
  readonly configStatus: readonly [undefined, ConfigurationStatus];
  readonly checkConfig: readonly [undefined, ConfigOutcome];
  /** Resolves when all threads serve by what was read, or none does. */
  readonly reloadConfig: readonly [undefined, ConfigOutcome];
  readonly restartWorkers: readonly [
    undefined,
    { readonly workers: number; readonly wasRunning: boolean },
  ];
  /** Has all other threads do the same; resolves with their responses. */
  readonly others: readonly [ServiceCall, OthersAnswer];
  /** Has all other threads watch as well; resolves when all do. */
  readonly openWatch: readonly [WatchOpening, undefined];
  /** The next responses of others, in binary form. Who watches no more says so. */
  readonly nextWatched: readonly [number, readonly Uint8Array[] | undefined];
  readonly endWatch: readonly [number, undefined];
  /** Resolves when the workers hold a session of its model. */
  readonly loadSession: readonly [SessionLoad, SessionSignature];
  readonly unloadSession: readonly [string, undefined];
  readonly infer: readonly [ThreadInference, ThreadInferred];
  /** Nobody waits any more for a run. */
  readonly cancelInference: readonly [number, undefined];
};

/** What a thread is sent: a connection to serve, or a message. */
export type ToThread =
  | { readonly kind: "connection"; readonly listener: number; readonly socket: Socket }
  | PortMessage;
