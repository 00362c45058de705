/** Takes the body of an answer apart into messages (PROTOCOL-HTTP2.md). Pure. */

import { Code } from "@connectrpc/connect";
import { compressedFlag, type Envelope, prefixBytes } from "#protocol/envelope.ts";
import { GrpcError } from "./grpc-error.ts";

/** The end of a call whose answer's message is larger than we take. */
export function answerTooLarge(bytesMax: number): GrpcError {
  return new GrpcError(Code.ResourceExhausted, `received message larger than ${bytesMax} bytes`);
}

const nothing = Buffer.alloc(0);

/** Holds the message that is not whole yet, and what came with it. Payloads are views of the input. */
export class Deframer {
  readonly #messageBytesMax: number;
  #bytes: Buffer = nothing;
  /** What came behind `#bytes`; joined when a message is whole, so that each byte is copied once. */
  #later: Buffer[] = [];
  #held = 0;
  #at = 0;

  constructor(messageBytesMax: number) {
    this.#messageBytesMax = messageBytesMax;
  }

  /** Nothing of a message is held. */
  get isEmpty(): boolean {
    return this.#held === 0;
  }

  push(piece: Buffer): void {
    if (this.#held === 0) {
      this.#bytes = piece;
      this.#at = 0;
    } else {
      this.#later.push(piece);
    }
    this.#held += piece.length;
  }

  /** The next whole message; undefined until more has come. Throws GrpcError for what cannot be one. */
  next(): Envelope | undefined {
    if (this.#held < prefixBytes) return undefined;
    this.#join(prefixBytes);
    const flags = this.#bytes[this.#at] ?? 0;
    if ((flags & ~compressedFlag) !== 0) {
      throw new GrpcError(Code.Internal, `a message has the unknown flags ${flags}`);
    }
    const length = this.#bytes.readUInt32BE(this.#at + 1);
    if (length > this.#messageBytesMax) throw answerTooLarge(this.#messageBytesMax);
    const end = prefixBytes + length;
    if (this.#held < end) return undefined;
    this.#join(end);
    const payload = this.#bytes.subarray(this.#at + prefixBytes, this.#at + end);
    this.#at += end;
    this.#held -= end;
    return { flags, payload };
  }

  /** Makes the first `count` bytes lie in one piece. */
  #join(count: number): void {
    if (this.#bytes.length - this.#at >= count) return;
    this.#bytes = Buffer.concat([this.#bytes.subarray(this.#at), ...this.#later]);
    this.#later = [];
    this.#at = 0;
  }
}
