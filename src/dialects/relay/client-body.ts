/** The body of a relayed operation in its client's own bytes: sent with the model's name replaced, and nothing else. */

import type { ContextKey } from "@connectrpc/connect";
import { createContextKey } from "@connectrpc/connect";
import { type Edit, hasMember, withMembers } from "./members.ts";

/** A body as a provider is sent it. */
export type SentBody = Uint8Array | AsyncIterable<Uint8Array>;

/** A body that is sent to one provider, or to one after the other. */
export interface ClientBody {
  readonly contentType: string;
  /** Its bytes in all for a provider that knows the model as `model`; undefined when no one said. */
  lengthFor(model: string): number | undefined;
  /** What such a provider is sent; an empty name leaves the client's own. */
  sentFor(model: string): SentBody;
  /** Part of it is gone: no one can be sent it again. */
  readonly isSpent: boolean;
}

/** JSON that is here whole. */
export class WholeBody implements ClientBody {
  readonly contentType: string;
  readonly isSpent = false;
  readonly #bytes: Buffer;

  /** `bytes` were checked and read already. */
  constructor(bytes: Buffer, contentType: string) {
    this.#bytes = bytes;
    this.contentType = contentType;
  }

  get length(): number {
    return this.#bytes.length;
  }

  lengthFor(): undefined {
    return undefined;
  }

  sentFor(model: string): Uint8Array {
    if (model === "") return this.#bytes;
    const name: Edit = (value) =>
      value === undefined || JSON.parse(value) === model ? undefined : JSON.stringify(model);
    return withMembers(this.#bytes, { model: name });
  }

  /** Whether it has a member of this name. */
  has(name: string): boolean {
    return hasMember(this.#bytes, name);
  }

  /** The same with other values for some members. */
  with(edits: Readonly<Record<string, Edit>>): WholeBody {
    return new WholeBody(withMembers(this.#bytes, edits), this.contentType);
  }
}

/** A request of an operation in its client's words. */
export interface ClientWords {
  /** Fields of its head that the provider is to see. */
  readonly headers: Readonly<Record<string, string>>;
  /** Query of a list. */
  readonly query: URLSearchParams;
  readonly body?: ClientBody;
}

/** The words of a call; undefined for one that comes by no surface of OpenAI's API. */
export const clientWordsKey: ContextKey<ClientWords | undefined> = createContextKey<
  ClientWords | undefined
>(undefined, { description: "client words" });

/** A request of an operation as a backend is asked it. */
export interface OperationRequest {
  readonly method: "GET" | "POST" | "DELETE";
  /** After the base URL, with the query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: ClientBody;
  /** The path holds an id: what is not found is that, not the path. */
  readonly hasId: boolean;
}

/** A piece of the reply. */
export interface OperationPiece {
  /** Of the first piece only. */
  readonly head?: { readonly status: number; readonly headers: Readonly<Record<string, string>> };
  readonly data: Uint8Array;
}
