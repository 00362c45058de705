/** Encodes messages in place: each is written once, where it will be sent from. */

import { type DescMessage, type MessageShape, toBinary } from "@bufbuild/protobuf";
import { messageWriterOf } from "./message-writer.ts";
import { SlabWriter } from "./slab-writer.ts";

/**
 * The bytes of a message, those that `toBinary` gives, after `headroomBytes` that the caller may
 * fill. No one else writes to them, until they are given back: `poolable` is for who does that
 * (`#core/buffer-pool`). Throws what `toBinary` throws.
 */
export type Encoder<M extends DescMessage> = (
  message: MessageShape<M>,
  headroomBytes: number,
  poolable?: boolean,
) => Buffer;

/** All messages of the process, one after the other. */
const slabs = new SlabWriter();

/**
 * The encoder of a type. What is not plainly of it (a number as text, a message of another type, a
 * required field that is not set) goes to the library, whole: it takes it or says what is wrong.
 */
export function encoderOf<M extends DescMessage>(desc: M): Encoder<M> {
  return (message, headroomBytes, poolable) => {
    try {
      return slabs.message(headroomBytes, messageWriterOf(desc), message, poolable);
    } catch {
      return Buffer.concat([Buffer.alloc(headroomBytes), toBinary(desc, message)]);
    }
  };
}
