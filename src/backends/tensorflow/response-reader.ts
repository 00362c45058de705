/** Reads the response of Predict: its tensors as views of the message, and the version that ran. Pure. */

import { WireType } from "@bufbuild/protobuf/wire";
import type { NamedTensor } from "#core/tensor.ts";
import { ByteReader } from "#protobuf/byte-reader.ts";
import { readTensor } from "./tensor-reader.ts";

/** What a model has made. */
export interface PredictOutcome {
  /** Sorted by name: the wire has no order. */
  readonly outputs: readonly NamedTensor[];
  /** Empty when the server does not say. */
  readonly version: string;
}

/** Fields of a message, and values that are not packed. */
const bounds = { elementsMax: 4_000_000, keepsUnknown: false };

/** What is read so far. */
interface Reading {
  readonly outputs: NamedTensor[];
  version: string;
}

/** Throws for bytes that are no PredictResponse. */
export function readPredictResponse(bytes: Uint8Array): PredictOutcome {
  const reading: Reading = { outputs: [], version: "" };
  new ByteReader(bytes, bounds).whole(readResponse, reading);
  reading.outputs.sort((a, b) => (a.name < b.name ? -1 : 1));
  return reading;
}

function readResponse(reader: ByteReader, target: unknown): void {
  while (reader.at < reader.end) {
    const tag = reader.tag();
    const isPart = (tag & 7) === WireType.LengthDelimited;
    if (isPart && tag >>> 3 === 1) reader.part(readOutput, target);
    else if (isPart && tag >>> 3 === 2) reader.part(readSpec, target);
    else reader.skip(tag);
  }
}

/** An entry of the map of outputs. */
function readOutput(reader: ByteReader, target: unknown): void {
  const { outputs } = target as Reading;
  let name = "";
  let start = reader.end;
  let end = reader.end;
  while (reader.at < reader.end) {
    const tag = reader.tag();
    const isPart = (tag & 7) === WireType.LengthDelimited;
    if (isPart && tag >>> 3 === 1) {
      name = reader.text(true, undefined);
    } else if (isPart && tag >>> 3 === 2) {
      end = reader.partEnd();
      start = reader.at;
      reader.at = end;
    } else {
      reader.skip(tag);
    }
  }
  // The value may come before its name.
  const entryEnd = reader.end;
  reader.at = start;
  reader.end = end;
  outputs.push(readTensor(name, reader));
  reader.at = reader.end = entryEnd;
}

/** ModelSpec. */
function readSpec(reader: ByteReader, target: unknown): void {
  while (reader.at < reader.end) {
    const tag = reader.tag();
    if ((tag & 7) === WireType.LengthDelimited && tag >>> 3 === 2) reader.part(readVersion, target);
    else reader.skip(tag);
  }
}

/** google.protobuf.Int64Value. */
function readVersion(reader: ByteReader, target: unknown): void {
  const reading = target as Reading;
  reading.version = "0";
  while (reader.at < reader.end) {
    const tag = reader.tag();
    if ((tag & 7) !== WireType.Varint || tag >>> 3 !== 1) {
      reader.skip(tag);
      continue;
    }
    const { lo, hi } = reader.varint64();
    reading.version = String((BigInt(hi) << 32n) | BigInt(lo >>> 0));
  }
}
