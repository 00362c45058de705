/** Writes messages as JSON text at once: the objects that other writers make first take longer than the text. */

import type { DescField, DescMessage, Message } from "@bufbuild/protobuf";
import { isWrapperDesc } from "@bufbuild/protobuf/wkt";
import { flatText } from "#core/flat-text.ts";
import {
  defaultTest,
  defaultTextOf,
  enumText,
  scalarText,
  Unfit,
  unfit,
  type ValueText,
} from "./value-text.ts";

/** How JSON is written. */
export interface JsonWriterOptions {
  /** Fields have the names of the proto file, not those in lowerCamelCase. */
  readonly useProtoFieldName: boolean;
  /** Fields without presence are written at their defaults, too. */
  readonly alwaysEmitImplicit: boolean;
  readonly enumAsInteger: boolean;
}

/** Writes a message in another way: of a type that has a JSON of its own, or what cannot be written. */
export type OtherWay = (desc: DescMessage, message: Message) => string;

type Properties = Readonly<Record<string, unknown>>;
/** One member of an object, the first or one after others; empty when it is left out. */
type MemberText = (message: Properties, isFirst: boolean) => string;

/** Of a field (google.protobuf.FeatureSet.FieldPresence). */
const presence = { explicit: 1, implicit: 2 } as const;

/** Whether each value of a field is held as it is written, or as a message of its own type. */
function isPlainField(field: DescField): boolean {
  const isHeldAsJson =
    field.message?.typeName === "google.protobuf.Struct" ||
    (field.message !== undefined && isWrapperDesc(field.message));
  const isKnown = field.presence === presence.explicit || field.presence === presence.implicit;
  return isKnown && !isHeldAsJson && field.name !== "__proto__" && field.jsonName !== "__proto__";
}

/** Writes messages of any type. */
export class JsonWriter {
  readonly #options: JsonWriterOptions;
  readonly #otherWay: OtherWay;
  readonly #types = new Map<DescMessage, readonly MemberText[] | "other">();

  constructor(options: JsonWriterOptions, otherWay: OtherWay) {
    this.#options = options;
    this.#otherWay = otherWay;
  }

  /** The text of a message. Throws what the other way does. */
  write(desc: DescMessage, message: Message): string {
    try {
      return this.#message(desc, message);
    } catch (thrown) {
      if (thrown instanceof Unfit) return this.#otherWay(desc, message);
      throw thrown;
    }
  }

  #message(desc: DescMessage, message: Message): string {
    const members = this.#types.get(desc) ?? this.#membersOf(desc);
    // Unknown fields may be extensions.
    if (members === "other" || message.$unknown !== undefined) {
      return this.#otherWay(desc, message);
    }
    if (message.$typeName !== desc.typeName) unfit();
    let text = "";
    for (const member of members) {
      text += member(message as unknown as Properties, text === "");
    }
    return `{${text}}`;
  }

  #membersOf(desc: DescMessage): readonly MemberText[] | "other" {
    const sorted = desc.fields.toSorted((one, another) => one.number - another.number);
    const isPlain = !desc.typeName.startsWith("google.protobuf.") && sorted.every(isPlainField);
    const members = isPlain ? sorted.map((field) => this.#member(field)) : "other";
    this.#types.set(desc, members);
    return members;
  }

  #member(field: DescField): MemberText {
    const { alwaysEmitImplicit, useProtoFieldName } = this.#options;
    const { localName, oneof } = field;
    const first = flatText(`${JSON.stringify(useProtoFieldName ? field.name : field.jsonName)}:`);
    const next = flatText(`,${first}`);
    const textOf = this.#fieldText(field);
    if (oneof !== undefined) {
      return (message, isFirst) => {
        const chosen = message[oneof.localName] as {
          readonly case: unknown;
          readonly value: unknown;
        };
        if (chosen.case !== localName) return "";
        return (isFirst ? first : next) + textOf(chosen.value);
      };
    }
    if (field.presence === presence.explicit) {
      // Where a default is declared, the prototype has it.
      return (message, isFirst) => {
        const value = Object.hasOwn(message, localName) ? message[localName] : undefined;
        return value === undefined ? "" : (isFirst ? first : next) + textOf(value);
      };
    }
    const isDefault = defaultTest(field);
    const defaultText = alwaysEmitImplicit ? defaultTextOf(field, textOf) : "";
    const firstDefault = alwaysEmitImplicit ? flatText(first + defaultText) : "";
    const nextDefault = alwaysEmitImplicit ? flatText(next + defaultText) : "";
    return (message, isFirst) => {
      const value = message[localName];
      if (isDefault(value)) return isFirst ? firstDefault : nextDefault;
      return (isFirst ? first : next) + textOf(value);
    };
  }

  #fieldText(field: DescField): ValueText {
    const itemText = this.#itemText(field);
    if (field.fieldKind === "list") {
      return (items) => (Array.isArray(items) ? `[${items.map(itemText).join(",")}]` : unfit());
    }
    if (field.fieldKind !== "map") return itemText;
    return (map) => {
      const entries = Object.entries(map as Properties);
      const members = entries.map(([key, value]) => `${JSON.stringify(key)}:${itemText(value)}`);
      return `{${members.join(",")}}`;
    };
  }

  /** One value: the field's own, or one of its list or map. */
  #itemText(field: DescField): ValueText {
    if (field.message !== undefined) {
      const { message: desc } = field;
      return (value) => this.#message(desc, value as Message);
    }
    if (field.enum !== undefined) return enumText(field.enum, this.#options.enumAsInteger);
    return field.scalar === undefined ? unfit : scalarText(field.scalar);
  }
}
