/** What a response is kept as: bytes, so that no one who is given it can change it. Types, and their size. */

/** One message of a response, and what belongs to it. */
export interface Piece {
  /** The message in the binary form of Protobuf. */
  readonly message: Uint8Array;
  /** The provider's own bytes, for clients of its dialect; whether they report a failure. */
  readonly words?: { readonly bytes: Uint8Array; readonly isFailure?: boolean };
  /** Response headers that describe where it came from; with the first piece. */
  readonly headers?: readonly (readonly [name: string, value: string])[];
}

/** A response in pieces. It returns whether all of it was said, so that it may be given to others. */
export type Source = AsyncGenerator<Piece, boolean, undefined>;

/** What a piece takes besides its bytes, about. */
const pieceBytes = 256;

/** What a piece takes in memory. */
export function sizeOf({ message, words, headers = [] }: Piece): number {
  const text = headers.reduce((sum, [name, value]) => sum + name.length + value.length, 0);
  return message.length + (words?.bytes.length ?? 0) + 2 * text + pieceBytes;
}
