/** The files that were uploaded: whose they are, until when there are, and within which bounds. */

import type { FileHandle } from "node:fs/promises";
import type { Clock, Timer } from "#core/clock.ts";
import { RandomIds } from "#core/random-ids.ts";
import { fault } from "#errors/fault.ts";
import { openAnonymous } from "./anonymous-file.ts";
import { diskFault } from "./disk-fault.ts";
import { IncomingUpload } from "./incoming-upload.ts";
import { type Amount, Quota, type QuotaLimits, type Refusal } from "./quota.ts";
import { SharedFile } from "./shared-file.ts";
import type { FileFacts, KeptUpload, Upload, UploadTarget } from "./upload.ts";

/** How ids of uploads begin. */
export const uploadPrefix = "upl_";

/** Where files lie, for how long, and how many. */
export interface UploadTerms {
  /** On a disk with room for them. */
  readonly folder: string;
  readonly retentionMs: number;
  readonly limits: QuotaLimits;
}

/** The uploads of the process. */
export interface Uploads {
  /** Begins one. Rejects with UPLOADS_LIMITED, UPLOADS_FULL and INTERNAL. */
  begin(owner: string): Promise<IncomingUpload>;
  /** The upload of this owner; undefined for those of others, as for those that there are not. */
  find(owner: string, id: string): KeptUpload | undefined | Promise<KeptUpload | undefined>;
}

/** What the store needs. */
export interface UploadDeps {
  readonly clock: Clock;
  /** Told what is taken, whenever that changes. */
  readonly onChange?: (taken: Amount) => void;
  /** Opens a file of the folder. */
  readonly open?: (folder: string) => Promise<FileHandle>;
}

interface Entry extends KeptUpload {
  readonly owner: string;
  readonly file: SharedFile;
  /** By the clock's monotonic time. */
  readonly dueMs: number;
}

/** What the limits are called. */
const settings = {
  all: { files: "max_files", bytes: "max_size" },
  perOwner: { files: "max_files_per_key", bytes: "max_size_per_key" },
} as const;

/** Keeps files in memory's list and on the disk. Disposing of it closes them, with which they are gone. */
export class UploadStore implements Uploads, AsyncDisposable {
  readonly #terms: UploadTerms;
  readonly #clock: Clock;
  readonly #open: (folder: string) => Promise<FileHandle>;
  readonly #onChange: (taken: Amount) => void;
  readonly #quota: Quota;
  readonly #ids = new RandomIds(uploadPrefix);
  /** In the order in which they expire, since all are kept for as long. */
  readonly #entries = new Map<string, Entry>();
  #timer: Timer | undefined;
  #isClosed = false;

  constructor(
    terms: UploadTerms,
    { clock, onChange = () => {}, open = openAnonymous }: UploadDeps,
  ) {
    this.#terms = terms;
    this.#clock = clock;
    this.#open = open;
    this.#onChange = onChange;
    this.#quota = new Quota(terms.limits);
  }

  /** Files and bytes that are on the disk, those that are still coming included. */
  get taken(): Amount {
    return this.#quota.taken;
  }

  async begin(owner: string): Promise<IncomingUpload> {
    return new IncomingUpload(await this.openTarget(owner));
  }

  /** Where the bytes of an upload that begins go. Rejects as `begin` does. */
  async openTarget(owner: string): Promise<UploadTarget> {
    this.#take(owner, { files: 1, bytes: 0 });
    const release = (bytes: number) => {
      this.#quota.release(owner, { files: 1, bytes });
      this.#onChange(this.taken);
    };
    let handle: FileHandle;
    try {
      handle = await this.#open(this.#terms.folder);
    } catch (thrown) {
      release(0);
      throw diskFault(thrown);
    }
    const file = new SharedFile(handle, release);
    return {
      append: async (bytes) => {
        this.#take(owner, { files: 0, bytes: bytes.length });
        try {
          await file.append(bytes);
        } catch (thrown) {
          throw diskFault(thrown);
        }
      },
      keep: async (facts) => this.#keep(owner, file, facts),
      leave: () => file.leave(),
    };
  }

  find(owner: string, id: string): KeptUpload | undefined {
    const entry = this.#entries.get(id);
    return entry?.owner === owner && entry.dueMs > this.#clock.nowMs() ? entry : undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    if (this.#timer !== undefined) this.#clock.stop(this.#timer);
    const files = [...this.#entries.values()].map(({ file }) => file.leave());
    this.#entries.clear();
    await Promise.all(files);
  }

  #take(owner: string, more: Amount): void {
    const refusal = this.#quota.take(owner, more);
    if (refusal !== undefined) throw this.#refused(owner, refusal);
    this.#onChange(this.taken);
  }

  #refused(owner: string, { limit, of }: Refusal) {
    const setting = `uploads.${settings[limit][of]}`;
    const isAll = limit === "all";
    const mine = [...this.#entries.values()].find((entry) => isAll || entry.owner === owner);
    const waitMs = mine === undefined ? undefined : Math.max(1, mine.dueMs - this.#clock.nowMs());
    const most = this.#terms.limits[limit][of];
    const whose = isAll ? "uploads" : "your uploads";
    return fault(
      isAll ? "UPLOADS_FULL" : "UPLOADS_LIMITED",
      `${whose} may have ${most} ${of} in all (${setting})`,
      {
        metadata: { setting },
        ...(waitMs === undefined ? {} : { retryAfterMs: waitMs }),
      },
    );
  }

  #keep(owner: string, file: SharedFile, facts: FileFacts): Upload {
    if (this.#isClosed) throw fault("SHUTTING_DOWN", "the server is shutting down");
    const { retentionMs } = this.#terms;
    const entry: Entry = {
      ...facts,
      id: this.#ids.next(),
      expiresAtMs: this.#clock.wallMs() + retentionMs,
      owner,
      file,
      dueMs: this.#clock.nowMs() + retentionMs,
      read: () => file.read(),
    };
    this.#entries.set(entry.id, entry);
    this.#arm();
    return entry;
  }

  /** Wakes when the first one expires. */
  #arm(): void {
    if (this.#timer !== undefined) return;
    const [first] = this.#entries.values();
    if (first === undefined) return;
    const waitMs = Math.max(0, first.dueMs - this.#clock.nowMs());
    this.#timer = this.#clock.timer(waitMs, sweep, this);
    this.#timer.unref();
  }

  /** For the timer alone: lets go of what has expired. */
  expire(): void {
    this.#timer = undefined;
    const nowMs = this.#clock.nowMs();
    for (const [id, { dueMs, file }] of this.#entries) {
      if (dueMs > nowMs) break;
      this.#entries.delete(id);
      void file.leave();
    }
    if (!this.#isClosed) this.#arm();
  }
}

function sweep(store: UploadStore): void {
  store.expire();
}
