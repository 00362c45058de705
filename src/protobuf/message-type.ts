/** What reading needs to know of a message type. */

import type { DescMessage } from "@bufbuild/protobuf";
import type { ByteReader, PartReader, Properties } from "./byte-reader.ts";

/** How messages of a type are made and filled. */
export interface MessageType {
  /** A message of which nothing is set, counted for what it takes. */
  readonly create: (reader: ByteReader) => Properties;
  readonly read: PartReader;
  /** Reads up to the tag that ends a group, and over it. */
  readonly readGroup: (reader: ByteReader, message: Properties, endTag: number) => void;
}

/** Message types, which refer to each other. */
export type TypeOf = (desc: DescMessage) => MessageType;
