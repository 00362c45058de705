/** The uploads of all threads, in the main thread: one store with one count, whichever threads files come by and are named in. */

import { fault } from "#errors/fault.ts";
import type { UploadStore } from "#uploads/store.ts";
import type { Upload, UploadTarget } from "#uploads/upload.ts";
import type { AskedOfMain, UploadBytes, UploadFacts, UploadName, UploadStart } from "./messages.ts";
import { type Answers, Moved } from "./port-calls.ts";

type UploadQuestion = Extract<keyof AskedOfMain, `${string}Upload`>;

/** What goes to a thread: its bytes are read when it asks for them. */
function withoutBytes({ id, size, sha256, contentType, expiresAtMs }: Upload): Upload {
  return { id, size, sha256, contentType, expiresAtMs };
}

/** What threads send and name. What a thread has sent in part ends with it; what is kept does not. */
export class SharedUploads {
  readonly #store: UploadStore | undefined;
  /** Those that are still coming, by thread and number. */
  readonly #coming = new Map<number, Map<number, Promise<UploadTarget>>>();

  /** Without a store nothing may be uploaded. */
  constructor(store: UploadStore | undefined) {
    this.#store = store;
  }

  /** What a thread is answered. */
  answersFor(slot: number): Pick<Answers<AskedOfMain>, UploadQuestion> {
    return {
      beginUpload: (start) => this.#begin(slot, start),
      writeUpload: (bytes) => this.#write(slot, bytes),
      keepUpload: (facts) => this.#keep(slot, facts),
      leaveUpload: (upload) => this.#leave(slot, upload),
      findUpload: (name) => this.#find(name),
      readUpload: (name) => this.#read(name),
    };
  }

  /** A thread is sent a file. Rejects as the store does. */
  async #begin(slot: number, { upload, owner }: UploadStart): Promise<void> {
    if (this.#store === undefined) throw fault("UNIMPLEMENTED", "nothing may be uploaded");
    const coming = this.#coming.get(slot) ?? new Map<number, Promise<UploadTarget>>();
    this.#coming.set(slot, coming);
    const opening = this.#store.openTarget(owner);
    coming.set(upload, opening);
    try {
      await opening;
    } catch (thrown) {
      coming.delete(upload);
      throw thrown;
    }
  }

  /** The next bytes of it have come. */
  async #write(slot: number, { upload, bytes }: UploadBytes): Promise<void> {
    await (await this.#of(slot, upload)).append(bytes);
  }

  /** It is whole. */
  async #keep(slot: number, { upload, facts }: UploadFacts): Promise<Upload> {
    const target = await this.#of(slot, upload);
    const kept = await target.keep(facts);
    this.#coming.get(slot)?.delete(upload);
    return withoutBytes(kept);
  }

  /** It is not to be kept. */
  async #leave(slot: number, upload: number): Promise<void> {
    const target = await this.#of(slot, upload);
    this.#coming.get(slot)?.delete(upload);
    await target.leave();
  }

  /** What is known of an upload. */
  #find({ owner, id }: UploadName): Upload | undefined {
    const found = this.#store?.find(owner, id);
    return found && withoutBytes(found);
  }

  /** Its bytes, which are moved to the thread; undefined when it has expired. */
  async #read({ owner, id }: UploadName): Promise<Moved<Uint8Array<ArrayBuffer>> | undefined> {
    const read = await this.#store?.find(owner, id)?.read();
    if (read === undefined) return undefined;
    const bytes = new Uint8Array(read.buffer as ArrayBuffer, read.byteOffset, read.length);
    return new Moved(bytes, [bytes.buffer]);
  }

  /** A thread has ended. */
  async ended(slot: number): Promise<void> {
    const coming = this.#coming.get(slot);
    this.#coming.delete(slot);
    for (const opening of coming?.values() ?? []) {
      await opening.then(
        (target) => target.leave(),
        () => {}, // nothing was opened
      );
    }
  }

  #of(slot: number, upload: number): Promise<UploadTarget> {
    const target = this.#coming.get(slot)?.get(upload);
    return target ?? Promise.reject(new Error("there is no such upload"));
  }
}
