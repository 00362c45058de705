/** Reads a google.protobuf.Any: an object whose type is named by one of its own members. */

import { create, type DescMessage, type Message } from "@bufbuild/protobuf";
import { AnySchema, anyPack } from "@bufbuild/protobuf/wkt";
import { type Cursor, mark } from "./cursor.ts";
import { ignored, textLeaf } from "./leaf.ts";
import { type FieldPlan, MessageFrame, type TypePlan } from "./message-frame.ts";
import { JsonProblem, unfit } from "./problem.ts";
import { cost, type Frame, type JsonRun, type ValuePlan } from "./run.ts";
import { skipped } from "./skip.ts";
import { expectations, wellKnownPlan } from "./well-known.ts";

/** The member that names the type. */
const typeName = "@type";
const quotedTypeName = `"${typeName}"`;
const expected = expectations["google.protobuf.Any"] ?? "";
/** Elements of one Any: they are made into bytes in one go. */
const packedElementsMax = 10_000;
/** How often a text may be gone through for types that do not come first. */
const searchesMax = 4;

/** Where the plans of messages come from. */
export interface MessagePlans {
  type(desc: DescMessage): TypePlan;
  message(desc: DescMessage): ValuePlan;
}

function memberPlan(name: string, value: ValuePlan): FieldPlan {
  const none = { oneof: undefined, extension: undefined };
  return { name, localName: name, index: -1, ...none, value, isPlainMessage: false };
}

function textMember(text: (text: string) => unknown): FieldPlan {
  const leaf = textLeaf("the name of a type", text);
  return memberPlan(typeName, {
    expected: leaf.expected,
    leaf,
    object: undefined,
    list: undefined,
  });
}

/** Finds the type's name wherever it stands, and nothing else. */
const search: TypePlan = {
  create: () => ({}),
  fields: new Map([[typeName, textMember((text) => text)]]),
  extension: (name) => memberPlan(name, skipped),
};

/** The type's name has been read before: it is passed over. */
const knownType = textMember(() => ignored);

/** How the members of an Any become a message of the type that it names. */
function contentPlan(desc: DescMessage, plans: MessagePlans): TypePlan {
  const isAny = desc.typeName === AnySchema.typeName;
  if (!isAny && wellKnownPlan(desc) === undefined) {
    const type = plans.type(desc);
    return { ...type, fields: new Map([...type.fields, [typeName, knownType]]) };
  }
  // A type with a JSON of its own has it under this name.
  const value = memberPlan("value", plans.message(desc));
  return {
    create: () => ({}),
    fields: new Map([
      [typeName, knownType],
      ["value", value],
    ]),
    extension: () => undefined,
  };
}

/** How Anys are read whose messages `plans` reads. */
export function anyPlan(plans: MessagePlans): ValuePlan {
  const contents = new WeakMap<DescMessage, TypePlan>();
  const contentOf = (desc: DescMessage) => {
    let content = contents.get(desc);
    if (content === undefined) {
      content = contentPlan(desc, plans);
      contents.set(desc, content);
    }
    return content;
  };
  return {
    expected,
    leaf: undefined,
    list: undefined,
    object: (run, parent) => new AnyFrame(run, parent, contentOf),
  };
}

class AnyFrame implements Frame {
  readonly parent: Frame;
  /** The object's own depth is that of the frame which reads its members. */
  readonly depth: number;
  readonly label = "";
  readonly named = undefined;
  readonly #contentOf: (desc: DescMessage) => TypePlan;
  readonly #start: number;
  readonly #spentBefore: number;
  #state: "new" | "searching" | "found" | "reading" | "read" = "new";
  #typeUrl: unknown;
  #desc: DescMessage | undefined;
  #content: Record<string, unknown> = {};

  constructor(run: JsonRun, parent: Frame, contentOf: (desc: DescMessage) => TypePlan) {
    this.parent = parent;
    this.depth = parent.depth;
    this.#contentOf = contentOf;
    this.#start = run.cursor.at;
    this.#spentBefore = run.spent;
  }

  step(run: JsonRun): Frame {
    switch (this.#state) {
      case "new":
        return this.#find(run);
      case "searching":
        this.#endSearch(run);
        return this;
      case "found":
        return this.#read(run);
      default:
        this.parent.put(this.#packed(run));
        return this.parent;
    }
  }

  put(value: unknown): void {
    this.#content = value as Record<string, unknown>;
    if (this.#state === "reading") this.#state = "read";
  }

  #find(run: JsonRun): Frame {
    const { cursor } = run;
    if (cursor.token() === mark.closeObject) {
      cursor.at += 1;
      this.parent.put(create(AnySchema));
      return this.parent;
    }
    if (cursor.text.startsWith(quotedTypeName, cursor.at)) {
      cursor.at += quotedTypeName.length;
      this.#typeUrl = firstString(cursor);
      this.#state = "found";
      return this;
    }
    this.#state = "searching";
    return new MessageFrame(run, this, search);
  }

  #endSearch(run: JsonRun): void {
    run.searchedChars += run.cursor.at - this.#start;
    if (run.searchedChars > run.cursor.text.length * searchesMax) {
      throw new JsonProblem(
        "limit",
        `"${typeName}" must be the first member of what is nested so deep`,
      );
    }
    this.#typeUrl = this.#content[typeName];
    this.#state = "found";
  }

  #read(run: JsonRun): Frame {
    const url = typeof this.#typeUrl === "string" ? this.#typeUrl : "";
    this.#desc = run.options.registry.getMessage(url.slice(url.lastIndexOf("/") + 1));
    if (this.#desc === undefined) throw unfit(expected);
    this.#state = "reading";
    run.cursor.at = this.#start;
    return new MessageFrame(run, this, this.#contentOf(this.#desc));
  }

  #packed(run: JsonRun): unknown {
    if (run.spent - this.#spentBefore > packedElementsMax * cost.whole) {
      throw new JsonProblem("limit", `an Any holds more than ${packedElementsMax} elements`);
    }
    const desc = this.#desc;
    const content = this.#content;
    const message = content.$typeName === undefined ? content.value : content;
    if (desc === undefined || message === undefined) throw unfit(expected);
    const any = create(AnySchema);
    try {
      anyPack(desc, message as Message, any);
    } catch (thrown) {
      // A required field of proto2 that is not set, for one.
      throw unfit(thrown instanceof Error ? thrown.message : expected);
    }
    return any;
  }
}

function firstString(cursor: Cursor): string {
  cursor.expect(mark.colon, "a colon");
  if (cursor.token() !== mark.quote) throw unfit(expected);
  return cursor.string() ?? "";
}
