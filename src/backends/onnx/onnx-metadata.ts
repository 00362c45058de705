/** What an ONNX file says of itself, its `metadata_props`, which the runtime does not show. Pure. */

// A walk over the outermost fields of the message that skips the graph, so that no weights are read.

/** Gives up to `length` bytes of a file from `offset`; fewer at its end. */
export type ReadAt = (offset: number, length: number) => Promise<Uint8Array>;

/** Most fields of the outermost message that are looked at. */
export const fieldsMax = 10_000;
/** Most entries that are kept. */
export const entriesMax = 256;
/** Largest entry that is kept, in bytes; a larger one is left out. */
export const entryBytesMax = 65_536;
/** Most bytes of all entries together. */
const totalBytesMax = 1_048_576;

/** Number of `metadata_props` in ModelProto, and of key and value in its entries (onnx.proto). */
const metadataField = 14;
const keyField = 1;
const valueField = 2;

/** Longest head of a field: a tag and a length. */
const headBytesMax = 20;
const windowBytes = 4096;

/** The entries by key, the last of a name wins; none of what is no ONNX file. */
export async function onnxMetadata(read: ReadAt): Promise<Readonly<Record<string, string>>> {
  const file = windowed(read);
  const entries = new Map<string, string>();
  let offset = 0;
  let totalBytes = 0;
  for (let fields = 0; fields < fieldsMax && entries.size < entriesMax; fields++) {
    const head = fieldHead(await file(offset, headBytesMax));
    if (head === undefined) break;
    const start = offset + head.bytes;
    if (isEntry(head)) {
      totalBytes += head.length;
      if (totalBytes > totalBytesMax) break;
      const bytes = await file(start, head.length);
      const entry = bytes.length < head.length ? undefined : entryFrom(bytes);
      if (entry !== undefined) entries.set(entry.key, entry.value);
    }
    offset = start + head.length;
  }
  return Object.fromEntries(entries);
}

function isEntry({ field, wire, length }: FieldHead): boolean {
  return field === metadataField && wire === 2 && length <= entryBytesMax;
}

/** Reads ahead, so that neighbouring small fields take one read. */
function windowed(read: ReadAt): ReadAt {
  let start = 0;
  let window = new Uint8Array(0);
  return async (offset, length) => {
    if (offset < start || offset + length > start + window.length) {
      window = new Uint8Array(await read(offset, Math.max(length, windowBytes)));
      start = offset;
    }
    return window.subarray(offset - start, offset - start + length);
  };
}

interface FieldHead {
  readonly field: number;
  readonly wire: number;
  /** Bytes of tag and length. */
  readonly bytes: number;
  /** Bytes of what follows. */
  readonly length: number;
}

/** Undefined at the end of the bytes, and where they are no field. */
function fieldHead(bytes: Uint8Array): FieldHead | undefined {
  const tag = varintAt(bytes, 0);
  if (tag === undefined) return undefined;
  const field = Math.floor(tag.value / 8);
  const wire = tag.value % 8;
  switch (wire) {
    case 0: {
      const value = varintAt(bytes, tag.end);
      return value && { field, wire, bytes: value.end, length: 0 };
    }
    case 1:
      return { field, wire, bytes: tag.end, length: 8 };
    case 2: {
      const length = varintAt(bytes, tag.end);
      return length && { field, wire, bytes: length.end, length: length.value };
    }
    case 5:
      return { field, wire, bytes: tag.end, length: 4 };
    default:
      return undefined;
  }
}

/** A varint as a number, exact as far as a file can be long. */
function varintAt(
  bytes: Uint8Array,
  start: number,
): { readonly value: number; readonly end: number } | undefined {
  let value = 0;
  for (let at = start; at < start + 10; at++) {
    const byte = bytes[at];
    if (byte === undefined) return undefined;
    value += (byte & 0x7f) * 2 ** (7 * (at - start));
    if (byte < 0x80) return { value, end: at + 1 };
  }
  return undefined;
}

function entryFrom(
  bytes: Uint8Array,
): { readonly key: string; readonly value: string } | undefined {
  const decoder = new TextDecoder();
  let key = "";
  let value = "";
  for (let offset = 0; offset < bytes.length; ) {
    const head = fieldHead(bytes.subarray(offset));
    if (head === undefined) return undefined;
    const start = offset + head.bytes;
    const end = start + head.length;
    if (end > bytes.length) return undefined;
    if (head.wire === 2 && head.field === keyField)
      key = decoder.decode(bytes.subarray(start, end));
    if (head.wire === 2 && head.field === valueField) {
      value = decoder.decode(bytes.subarray(start, end));
    }
    offset = end;
  }
  return key === "" ? undefined : { key, value };
}

/** One entry of a mapping as Python writes it: a whole number, then a text in either kind of quotes. */
const pythonEntry = /(\d{1,6}):\s*(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)")/g;

/**
 * Labels by index as exporters write them under `names`: a list or mapping in JSON, or a mapping as
 * Python prints it. Empty unless every index from 0 on has one.
 */
export function labelsFrom(metadata: Readonly<Record<string, string>>): readonly string[] {
  const { names } = metadata;
  if (names === undefined) return [];
  const byIndex = jsonNames(names) ?? pythonNames(names);
  const labels = Array.from({ length: byIndex.size }, (_, index) => byIndex.get(index));
  return labels.every((label) => label !== undefined) ? labels : [];
}

function jsonNames(written: string): ReadonlyMap<number, string> | undefined {
  let parsed: unknown;
  try {
    parsed = JSON.parse(written);
  } catch {
    return undefined;
  }
  if (typeof parsed !== "object" || parsed === null) return new Map();
  const entries = Object.entries(parsed).map(([key, name]) => [Number(key), String(name)] as const);
  return new Map(entries);
}

function pythonNames(written: string): ReadonlyMap<number, string> {
  const entries = [...written.matchAll(pythonEntry)].map(
    ([, index, single, double]) =>
      [Number(index), (single ?? double ?? "").replaceAll(/\\(.)/g, "$1")] as const,
  );
  return new Map(entries);
}
