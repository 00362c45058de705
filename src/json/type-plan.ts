/** Makes of descriptors what messages are read by, once per type. */

import type { DescExtension, DescField, DescMessage } from "@bufbuild/protobuf";
import { isWrapperDesc } from "@bufbuild/protobuf/wkt";
import { emptyCreator } from "#protobuf/creator.ts";
import type { LimitsOf } from "#protobuf/field-limits.ts";
import { isJsonStruct } from "#protobuf/struct-field.ts";
import { anyPlan, type MessagePlans } from "./any-frame.ts";
import { fieldLeaf } from "./leaf.ts";
import { ListFrame } from "./list-frame.ts";
import { MapFrame } from "./map-frame.ts";
import { type FieldPlan, MessageFrame, type TypePlan } from "./message-frame.ts";
import type { JsonRun, ValuePlan } from "./run.ts";
import { expectationOf, scalarFrom } from "./scalar.ts";
import { plainStruct, wellKnownPlan, wrapperPlan } from "./well-known.ts";

/** Types whose JSON names no fields of theirs. */
function isOpaque({ typeName }: DescMessage): boolean {
  return typeName.startsWith("google.protobuf.");
}

/** The plans of types, each made when it is first asked for. */
export class TypePlans implements MessagePlans {
  readonly #ignoresUnknown: boolean;
  readonly #limitsOf: LimitsOf;
  readonly #types = new WeakMap<DescMessage, TypePlan>();
  readonly #extensions = new WeakMap<DescExtension, FieldPlan>();
  readonly #any: ValuePlan;

  constructor(ignoresUnknown: boolean, limitsOf: LimitsOf) {
    this.#ignoresUnknown = ignoresUnknown;
    this.#limitsOf = limitsOf;
    this.#any = anyPlan(this);
  }

  /** How an object is read into a message of the type. */
  type(desc: DescMessage): TypePlan {
    const known = this.#types.get(desc);
    if (known !== undefined) return known;
    const fields = new Map<string, FieldPlan>();
    const plan: TypePlan = {
      create: emptyCreator(desc),
      fields,
      extension: (name, run) => this.#extension(desc, name, run),
    };
    // Before its fields, which may be of this very type.
    this.#types.set(desc, plan);
    for (const [index, field] of desc.fields.entries()) {
      const fieldPlan = this.field(field, index);
      fields.set(field.name, fieldPlan).set(field.jsonName, fieldPlan);
    }
    return plan;
  }

  /** How a field is read; `index` is its position among those of its message. */
  field(field: DescField, index: number): FieldPlan {
    const { name, localName, oneof } = field;
    return {
      name,
      localName,
      index,
      oneof: oneof && { name: oneof.name, localName: oneof.localName },
      extension: undefined,
      value: this.#valueOf(field),
      isPlainMessage: field.fieldKind === "message" && !isOpaque(field.message),
    };
  }

  /** How a message is read where it stands by itself. */
  message(desc: DescMessage): ValuePlan {
    if (desc.typeName === "google.protobuf.Any") return this.#any;
    const known = wellKnownPlan(desc);
    if (known !== undefined) return known;
    let type: TypePlan | undefined;
    return {
      expected: "a JSON object",
      leaf: undefined,
      list: undefined,
      object: (run, parent) => {
        type ??= this.type(desc);
        return new MessageFrame(run, parent, type);
      },
    };
  }

  #valueOf(field: DescField): ValuePlan {
    if (field.fieldKind === "list") return this.#list(field);
    if (field.fieldKind === "map") return this.#map(field);
    return this.#single(field);
  }

  /** One value of a field. */
  #single(field: DescField): ValuePlan {
    const leaf = fieldLeaf(field, this.#ignoresUnknown);
    if (leaf !== undefined) {
      return { expected: leaf.expected, leaf, object: undefined, list: undefined };
    }
    const { message, fieldKind, oneof } = field;
    if (message === undefined) throw new Error(`${String(field)} has no type`);
    if (isJsonStruct(field)) return plainStruct;
    const isBare = fieldKind === "message" && oneof === undefined && isWrapperDesc(message);
    return (isBare ? wrapperPlan(message, true) : undefined) ?? this.message(message);
  }

  #list(field: DescField): ValuePlan {
    const item = this.#single(field);
    const plan = {
      item: () => item,
      limit: this.#limitsOf(field).items,
      finish: (items: unknown[]) => items,
    };
    return {
      expected: "a JSON array",
      leaf: undefined,
      object: undefined,
      list: (run, parent) => new ListFrame(run, parent, plan),
    };
  }

  #map(field: DescField & { readonly fieldKind: "map" }): ValuePlan {
    const value = this.#single(field);
    const { mapKey } = field;
    const plan = {
      // Keys are judged by their value, so that 1 and 01 are one.
      key: (name: string) => {
        const key = scalarFrom(mapKey, name);
        return key === undefined ? undefined : String(key);
      },
      keyExpected: expectationOf(mapKey),
      value: () => value,
      finish: (entries: object) => entries,
    };
    return {
      expected: "a JSON object",
      leaf: undefined,
      list: undefined,
      object: (run, parent) => new MapFrame(run, parent, plan),
    };
  }

  #extension(desc: DescMessage, name: string, { options }: JsonRun): FieldPlan | undefined {
    if (!name.startsWith("[") || !name.endsWith("]")) return undefined;
    const extension = options.registry.getExtension(name.slice(1, -1));
    if (extension?.extendee.typeName !== desc.typeName) return undefined;
    let plan = this.#extensions.get(extension);
    if (plan === undefined) {
      // It is held as a field of the message would be.
      const { extendee: parent, typeName: localName } = extension;
      const field = { ...extension, kind: "field", parent, localName } as unknown as DescField;
      plan = { ...this.field(field, -1), name, extension };
      this.#extensions.set(extension, plan);
    }
    return plan;
  }
}

/** Plans are the same for all who read alike, and made once for them. */
const known = new WeakMap<LimitsOf, { readonly strict: TypePlans; readonly lenient: TypePlans }>();

/** The plans of those who refuse what their types have not, or pass over it. */
export function typePlans(ignoresUnknown: boolean, limitsOf: LimitsOf): TypePlans {
  let plans = known.get(limitsOf);
  if (plans === undefined) {
    plans = { strict: new TypePlans(false, limitsOf), lenient: new TypePlans(true, limitsOf) };
    known.set(limitsOf, plans);
  }
  return ignoresUnknown ? plans.lenient : plans.strict;
}
