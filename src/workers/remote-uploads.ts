/** The uploads of all threads, seen from one: the main thread keeps them, this one sends it the bytes that it is sent. */

import { IncomingUpload } from "#uploads/incoming-upload.ts";
import type { Uploads } from "#uploads/store.ts";
import type { KeptUpload } from "#uploads/upload.ts";
import type { AskedOfMain, AskedOfThread } from "./messages.ts";
import type { PortCalls } from "./port-calls.ts";

/** One thread's end of them. */
export class RemoteUploads implements Uploads {
  readonly #calls: Pick<PortCalls<AskedOfMain, AskedOfThread>, "ask">;
  #last = 0;

  constructor(calls: Pick<PortCalls<AskedOfMain, AskedOfThread>, "ask">) {
    this.#calls = calls;
  }

  async begin(owner: string): Promise<IncomingUpload> {
    const calls = this.#calls;
    this.#last += 1;
    const upload = this.#last;
    await calls.ask("beginUpload", { upload, owner });
    return new IncomingUpload({
      async append(bytes) {
        // Memory that holds nothing else can be moved.
        const own = new Uint8Array(bytes);
        await calls.ask("writeUpload", { upload, bytes: own }, [own.buffer]);
      },
      keep: (facts) => calls.ask("keepUpload", { upload, facts }),
      // Where nobody answers, the process has ended, and its files with it.
      leave: () => calls.ask("leaveUpload", upload).catch(() => undefined),
    });
  }

  async find(owner: string, id: string): Promise<KeptUpload | undefined> {
    const found = await this.#calls.ask("findUpload", { owner, id });
    if (found === undefined) return undefined;
    return {
      ...found,
      read: async () => {
        const bytes = await this.#calls.ask("readUpload", { owner, id });
        return bytes && Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
      },
    };
  }
}
