/** Decodes messages, those that are plainly of their type without the library. */

import { type DescMessage, fromBinary, type MessageShape } from "@bufbuild/protobuf";
import { ByteReader } from "./byte-reader.ts";
import { messageTypeOf } from "./message-reader.ts";

/**
 * The message that `fromBinary` reads, or what it throws. Fields of bytes are plain arrays: views of
 * what is read.
 */
export type Decoder<M extends DescMessage> = (bytes: Uint8Array) => MessageShape<M>;

/**
 * The decoder of a type. What is not plainly of it (unknown fields, groups, Structs, bytes that are no
 * such message) goes to the library, whole: it takes it or says what is wrong.
 */
export function decoderOf<M extends DescMessage>(desc: M): Decoder<M> {
  return (bytes) => {
    try {
      const { create, read } = messageTypeOf(desc);
      const message = create();
      new ByteReader(bytes).whole(read, message);
      return message as unknown as MessageShape<M>;
    } catch {
      return fromBinary(desc, new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length));
    }
  };
}
