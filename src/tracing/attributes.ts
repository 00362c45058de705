/** Attributes of spans and of the resource, bounded in number and length. */

import type { AnyValue, KeyValue } from "#gen/opentelemetry/proto/common/v1/common_pb.js";

/** Longest text of an attribute, in characters: names and reasons, never what somebody said. */
const textLengthMax = 256;
/** Attributes of one span, or of the resource. */
export const attributesMax = 64;

// Messages as literals, in full: `create` takes ten times as long, and there are thirty a call.

function bounded(text: string): string {
  return text.length <= textLengthMax ? text : `${text.slice(0, textLengthMax - 1)}…`;
}

function anyText(text: string): AnyValue {
  const value = { case: "stringValue", value: bounded(text) } as const;
  return { $typeName: "opentelemetry.proto.common.v1.AnyValue", value };
}

/** Attributes in the order in which they are added; absent values are left out. */
export class Attributes {
  readonly list: KeyValue[] = [];
  /** Attributes that were too many. */
  dropped = 0;

  text(key: string, text: string | undefined): this {
    return text === undefined || text === "" ? this : this.#add(key, anyText(text));
  }

  texts(key: string, texts: readonly string[]): this {
    const values = texts.slice(0, attributesMax).map(anyText);
    const value = { $typeName: "opentelemetry.proto.common.v1.ArrayValue", values } as const;
    return this.#add(key, {
      $typeName: "opentelemetry.proto.common.v1.AnyValue",
      value: { case: "arrayValue", value },
    });
  }

  /** A whole number. */
  integer(key: string, value: number | undefined): this {
    if (value === undefined || !Number.isSafeInteger(value)) return this;
    return this.#add(key, {
      $typeName: "opentelemetry.proto.common.v1.AnyValue",
      value: { case: "intValue", value: BigInt(value) },
    });
  }

  number(key: string, value: number | undefined): this {
    if (value === undefined) return this;
    return this.#add(key, {
      $typeName: "opentelemetry.proto.common.v1.AnyValue",
      value: { case: "doubleValue", value },
    });
  }

  #add(key: string, value: AnyValue): this {
    if (this.list.length >= attributesMax) this.dropped += 1;
    else {
      const name = bounded(key);
      const $typeName = "opentelemetry.proto.common.v1.KeyValue";
      this.list.push({ $typeName, key: name, value, keyStrindex: 0 });
    }
    return this;
  }
}
