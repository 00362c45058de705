/** Decodes messages: what the wire format lets be read, and no more than the bounds allow. */

import type { DescMessage, MessageShape } from "@bufbuild/protobuf";
import { ByteReader, type ReadingBounds } from "./byte-reader.ts";
import type { LimitsOf } from "./field-limits.ts";
import { fieldPath } from "./field-path.ts";
import { messageTypes } from "./message-reader.ts";
import type { MessageType, TypeOf } from "./message-type.ts";
import { FieldLimitError } from "./unreadable.ts";

/**
 * The message that bytes are. Fields of bytes are plain arrays: views of what is read. Throws
 * MalformedError, TooManyElementsError or FieldLimitError.
 */
export type Decoder<M extends DescMessage> = (bytes: Uint8Array) => MessageShape<M>;

/** What holds for all messages that are decoded, besides the wire format; every one has a default. */
export interface DecodingOptions {
  /**
   * Elements that a message may have, with all that is within it; default 100,000. A field is one, each
   * time that it comes, known or not; a message is one more, and one for each list, map and oneof that
   * its type has; an entry of a map is two more; 28 floats of a packed list are one.
   */
  readonly elementsMax?: number | undefined;
  /** What single fields may hold; default: whatever there is. */
  readonly limitsOf?: LimitsOf | undefined;
  /** Unknown fields stay with the message and are sent on with it; default: they are skipped. */
  readonly keepsUnknown?: boolean | undefined;
}

const elementsMaxDefault = 100_000;
const noLimits = {};
const unlimited = () => noLimits;

/** The decoders of message types. */
export class Decoders {
  readonly #typeOf: TypeOf;
  readonly #bounds: ReadingBounds;

  constructor(options: DecodingOptions = {}) {
    const {
      elementsMax = elementsMaxDefault,
      keepsUnknown = false,
      limitsOf = unlimited,
    } = options;
    this.#typeOf = messageTypes(limitsOf);
    this.#bounds = { elementsMax, keepsUnknown };
  }

  /** The decoder of a type; what it needs is made with the first message. */
  of<M extends DescMessage>(desc: M): Decoder<M> {
    const bounds = this.#bounds;
    let type: MessageType | undefined;
    return (bytes) => {
      type ??= this.#typeOf(desc);
      const reader = new ByteReader(bytes, bounds);
      try {
        const message = type.create(reader);
        reader.whole(type.read, message);
        return message as unknown as MessageShape<M>;
      } catch (thrown) {
        if (!(thrown instanceof FieldLimitError)) throw thrown;
        throw new FieldLimitError(thrown.expected, fieldPath(desc, bytes, reader.at));
      }
    };
  }
}
