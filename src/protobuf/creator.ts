/** Makes messages: of which nothing is set, or from their fields as a handler names them. */

import {
  create,
  type DescField,
  type DescMessage,
  type DescOneof,
  type MessageInitShape,
  type MessageShape,
  ScalarType,
} from "@bufbuild/protobuf";
import { isWrapperDesc } from "@bufbuild/protobuf/wkt";
import type { Properties } from "./byte-reader.ts";
import { isJsonStruct } from "./struct-field.ts";

/** What `create` makes of the fields that are named; a message of the type stays what it is. */
export type Creator<M extends DescMessage> = (init?: MessageInitShape<M>) => MessageShape<M>;

/** What a message has of a value, which is neither undefined nor null; `odd` leaves the message to the library. */
type Taking = (value: unknown) => unknown;

const odd = Symbol("a value of an odd form");

/** How a type's messages are made. */
interface Making {
  /** A message of which nothing is set. */
  readonly empty: () => Properties;
  /** By property; those of other properties are left to the library. */
  readonly takings: ReadonlyMap<string, Taking>;
}

const makings = new WeakMap<DescMessage, Making>();

function makingOf(desc: DescMessage): Making {
  const known = makings.get(desc);
  if (known !== undefined) return known;
  const takings = new Map<string, Taking>();
  const making = { empty: emptied(desc), takings };
  makings.set(desc, making);
  for (const field of desc.fields) {
    const take = takingOf(field);
    if (take !== undefined && field.oneof === undefined) takings.set(field.localName, take);
  }
  for (const oneof of desc.oneofs) takings.set(oneof.localName, takingOfCase(oneof));
  return making;
}

/** Copies a message that the library has made, which is faster than making one, and what may not be shared again. */
function emptied(desc: DescMessage): () => Properties {
  const template: Properties = { ...create(desc) };
  const inherits = Object.getPrototypeOf(create(desc)) !== Object.prototype;
  // Messages with defaults inherit them.
  if (inherits) return () => create(desc) as unknown as Properties;
  const lists: string[] = [];
  const maps: string[] = [];
  const oneofs: string[] = [];
  for (const member of desc.members) {
    if (member.kind === "oneof") oneofs.push(member.localName);
    else if (member.fieldKind === "list") lists.push(member.localName);
    else if (member.fieldKind === "map") maps.push(member.localName);
  }
  return () => {
    const message = { ...template };
    for (const name of lists) message[name] = [];
    for (const name of maps) message[name] = {};
    for (const name of oneofs) message[name] = { case: undefined };
    return message;
  };
}

function asIs(value: unknown): unknown {
  return value;
}

function isBytes({ scalar }: DescField): boolean {
  return scalar === ScalarType.BYTES;
}

/** The case that is set, with the value of its field. */
function takingOfCase({ fields }: DescOneof): Taking {
  const takings = new Map(fields.map((field) => [field.localName, takingOf(field)]));
  return (set) => {
    const { case: name, value } = set as { readonly case?: string; readonly value?: unknown };
    const take = name === undefined ? undefined : takings.get(name);
    if (take === undefined || value === undefined || value === null) return odd;
    return { case: name, value: take(value) };
  };
}

/** Bytes, maps of messages and messages of a form of their own are left to the library. */
function takingOf(field: DescField): Taking | undefined {
  const { fieldKind, message } = field;
  if (isBytes(field)) return undefined;
  if (message === undefined) return asIs;
  if (fieldKind === "map") return undefined;
  if (isWrapperDesc(message) || isJsonStruct(field)) return undefined;
  const takeOne = taken(message);
  if (fieldKind === "message") return takeOne;
  return (value) => (Array.isArray(value) ? value.map(takeOne) : value);
}

/** An object becomes a message of the type; what is no object is found out when it is written. */
function taken(desc: DescMessage): Taking {
  let createOne: Creator<DescMessage> | undefined;
  return (value) => {
    if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
    // Not before the first: types refer to each other.
    createOne ??= creatorOf(desc);
    return createOne(value as MessageInitShape<DescMessage>);
  };
}

/** Makes messages of which nothing is set. */
export function emptyCreator(desc: DescMessage): () => Properties {
  return makingOf(desc).empty;
}

/** The creator of a type. What names a field of an odd form is left to the library, whole. */
export function creatorOf<M extends DescMessage>(desc: M): Creator<M> {
  const { empty, takings } = makingOf(desc);
  const { typeName } = desc;
  return (init) => {
    const named = (init ?? {}) as Properties;
    if (named.$typeName === typeName) return init as MessageShape<M>;
    // Others may have properties that cannot be listed.
    if (Object.getPrototypeOf(named) !== Object.prototype) return create(desc, init);
    const message = empty();
    return takeAll(message, named, takings)
      ? (message as unknown as MessageShape<M>)
      : create(desc, init);
  };
}

/** Sets the fields that are named; false where one is of an odd form. */
function takeAll(message: Properties, named: Properties, takings: Making["takings"]): boolean {
  for (const name in named) {
    const take = takings.get(name);
    if (take === undefined) return false;
    const value = named[name];
    if (value === undefined || value === null) continue;
    const taken = take(value);
    if (taken === odd) return false;
    message[name] = taken;
  }
  return true;
}
