/** Reads the members of an object into the fields of a message. */

import { type DescExtension, type Message, setExtension } from "@bufbuild/protobuf";
import { type Cursor, mark } from "./cursor.ts";
import { ignored, unset } from "./leaf.ts";
import { JsonProblem } from "./problem.ts";
import { cost, type Frame, type JsonRun, type NamedPaths, type ValuePlan } from "./run.ts";
import { skipped } from "./skip.ts";

type Properties = Record<string, unknown>;

/** How one field of a message is read. */
export interface FieldPlan {
  /** In the proto file. */
  readonly name: string;
  /** Of the message's property. */
  readonly localName: string;
  /** Position among the fields of its message. */
  readonly index: number;
  readonly oneof: { readonly name: string; readonly localName: string } | undefined;
  readonly extension: DescExtension | undefined;
  readonly value: ValuePlan;
  /** It holds one message, whose JSON is an object of its fields. */
  readonly isPlainMessage: boolean;
}

/** How the messages of a type are read. */
export interface TypePlan {
  readonly create: () => Properties;
  /** By both of each field's names. */
  readonly fields: ReadonlyMap<string, FieldPlan>;
  /** The field of a name that is none of theirs; undefined when there is none. */
  extension(name: string, run: JsonRun): FieldPlan | undefined;
}

/** Fields that are known to have been given by a bit of one number; others are held in a set. */
const bits = 31;

export class MessageFrame implements Frame {
  readonly parent: Frame;
  readonly depth: number;
  readonly #type: TypePlan;
  readonly #message: Properties;
  readonly #named: NamedPaths | undefined;
  /** The field, or else the unknown name, that was begun last. */
  #field: FieldPlan | undefined;
  #unknown = "";
  /** Fields that were given. */
  #given = 0;
  #others: Set<string> | undefined;
  #isFirst = true;

  constructor(run: JsonRun, parent: Frame, type: TypePlan) {
    this.depth = run.depthWithin(parent);
    this.parent = parent;
    this.#type = type;
    this.#message = type.create();
    this.#named = parent.named;
  }

  get label(): string {
    const name = this.#field?.name ?? this.#unknown;
    return name === "" ? "" : `.${name}`;
  }

  get named(): NamedPaths | undefined {
    const field = this.#field;
    if (this.#named === undefined || !field?.isPlainMessage) return undefined;
    return { prefix: `${this.#named.prefix}${field.name}.`, paths: this.#named.paths };
  }

  step(run: JsonRun): Frame | undefined {
    const { cursor } = run;
    while (cursor.at < cursor.pauseAt) {
      if (!run.more(mark.closeObject, this.#isFirst)) {
        this.#field = undefined;
        this.#unknown = "";
        this.parent.put(this.#message);
        return this.parent;
      }
      this.#isFirst = false;
      const frame = this.#member(run);
      if (frame !== undefined) return frame;
    }
    return this;
  }

  put(value: unknown): void {
    const field = this.#field;
    if (field === undefined || value === unset || value === ignored) return;
    const message = this.#message;
    const { localName, oneof } = field;
    if (oneof !== undefined) {
      const chosen = message[oneof.localName] as { readonly case: unknown };
      if (chosen.case !== undefined) {
        throw new JsonProblem("unfit", `only one field of ${oneof.name} may be set`);
      }
      message[oneof.localName] = { case: localName, value };
    } else if (field.extension === undefined) {
      message[localName] = value;
    } else {
      setExtension(message as unknown as Message, field.extension, value as never);
    }
  }

  #member(run: JsonRun): Frame | undefined {
    run.spend(cost.whole);
    const name = run.name();
    const field = this.#type.fields.get(name) ?? this.#type.extension(name, run);
    this.#field = field;
    if (field === undefined) return this.#passOver(name, run);
    this.#requireOnce(field);
    if (this.#named !== undefined) this.#note(field, this.#named, run);
    return run.value(field.value, this);
  }

  #passOver(name: string, run: JsonRun): Frame | undefined {
    this.#unknown = name;
    if (!run.options.ignoresUnknown) throw new JsonProblem("unfit", "unknown field");
    this.#requireNew(name);
    return run.value(skipped, this);
  }

  #requireOnce({ index, name }: FieldPlan): void {
    if (index < 0 || index >= bits) {
      this.#requireNew(name);
      return;
    }
    const bit = 1 << index;
    if ((this.#given & bit) !== 0) throw givenTwice();
    this.#given |= bit;
  }

  #requireNew(name: string): void {
    this.#others ??= new Set();
    if (this.#others.has(name)) throw givenTwice();
    this.#others.add(name);
  }

  /** Notes a field's path, unless those within the message that it holds will be. */
  #note(field: FieldPlan, { prefix, paths }: NamedPaths, { cursor }: JsonRun): void {
    const isWithin =
      field.isPlainMessage && cursor.token() === mark.openObject && !isEmptyObject(cursor);
    if (!isWithin) paths.push(prefix + field.name);
  }
}

/** Whether the object at the cursor has no members. */
function isEmptyObject(cursor: Cursor): boolean {
  const start = cursor.at;
  cursor.at += 1;
  const isEmpty = cursor.token() === mark.closeObject;
  cursor.at = start;
  return isEmpty;
}

function givenTwice(): JsonProblem {
  return new JsonProblem("unfit", "given more than once");
}
