/** Puts texts and files into the fields of a message, each field once. */

import { create, type DescField, type Message, ScalarType } from "@bufbuild/protobuf";
import { type ReflectMessage, reflect } from "@bufbuild/protobuf/reflect";
import type { ConnectError } from "@connectrpc/connect";
import { fault } from "#errors/fault.ts";
import { HttpBodySchema } from "#gen/google/api/httpbody_pb.js";
import { expectationOf, scalarFrom } from "#json/scalar.ts";
import type { FieldTarget } from "./field-path.ts";
import { expectationOfField, valueFrom } from "./field-text.ts";

/** A file of a form. */
export interface UploadedFile {
  readonly bytes: Uint8Array;
  readonly contentType: string;
}

/** The error for a parameter that cannot be taken. */
export function parameterFault(name: string, description: string): ConnectError {
  return fault("PARAMETER_INVALID", `${name}: ${description}`, {
    fields: [{ field: name, description }],
  });
}

/** Whether a field takes the bytes of a file as they are. */
export function takesFile(field: DescField): boolean {
  const isBytes = field.scalar === ScalarType.BYTES && field.fieldKind !== "map";
  return isBytes || field.message?.typeName === HttpBodySchema.typeName;
}

/** What a file becomes in `field`, as protobuf's reflection takes it; undefined when it cannot. */
function fileValue(field: DescField, file: UploadedFile): unknown {
  if (field.scalar === ScalarType.BYTES) return file.bytes;
  if (field.message?.typeName === HttpBodySchema.typeName) {
    const body = create(HttpBodySchema, { contentType: file.contentType, data: file.bytes });
    return reflect(HttpBodySchema, body);
  }
  return undefined;
}

const utf8 = new TextDecoder("utf-8", { fatal: true });

/** Writes into one message. */
export class FieldWriter {
  readonly #root: ReflectMessage;
  readonly #written = new Set<string>();
  /** Paths of the fields that texts and files went into, in their order; one may be there twice. */
  readonly paths: string[] = [];

  constructor(message: ReflectMessage["message"], desc: ReflectMessage["desc"]) {
    this.#root = reflect(desc, message, false);
  }

  get message(): Message {
    return this.#root.message;
  }

  /** Writes over whatever is there. `name` is for the error: PARAMETER_INVALID. */
  replace(target: FieldTarget, name: string, text: string): void {
    const value = valueFrom(target.field, text);
    if (value === undefined) throw unreadable(target.field, name);
    let at = this.#root;
    for (const parent of target.parents) at = child(at, parent);
    at.set(target.field, value);
  }

  /**
   * Writes a text that must not meet another: a list takes several, any other field one, a oneof
   * one of its fields. Throws PARAMETER_INVALID, naming the parameter `name`.
   */
  text(target: FieldTarget, name: string, text: string): void {
    const { field } = target;
    const value = valueFrom(field, text);
    if (value === undefined) throw unreadable(field, name);
    this.#write(target, name, value);
  }

  /** Writes a file; a field of text takes what it says. Throws as `text` does. */
  file(target: FieldTarget, name: string, file: UploadedFile): void {
    const value = fileValue(target.field, file);
    if (value !== undefined) {
      this.#write(target, name, value);
      return;
    }
    let text: string;
    try {
      text = utf8.decode(file.bytes);
    } catch {
      throw parameterFault(name, "a file can go into a field of bytes only, and this is not text");
    }
    this.text(target, name, text);
  }

  #write(target: FieldTarget, name: string, value: unknown): void {
    const { field, key } = target;
    this.paths.push(target.path);
    let at = this.#root;
    for (const parent of target.parents) {
      refuseOneofConflict(at, parent, name);
      at = child(at, parent);
    }
    if (field.fieldKind === "list") {
      at.get(field).add(value);
      return;
    }
    if (field.fieldKind === "map") {
      const entry = key === undefined ? undefined : scalarFrom(field.mapKey, key);
      if (entry === undefined) {
        throw parameterFault(name, `expected ${name}[key] with ${expectationOf(field.mapKey)}`);
      }
      // By the key's value: 1 and 01 are one entry.
      this.#once(`${target.path}[${entry}]`, name);
      at.get(field).set(entry, value);
      return;
    }
    this.#once(target.path, name);
    refuseOneofConflict(at, field, name);
    at.set(field, value);
  }

  #once(path: string, name: string): void {
    if (this.#written.has(path)) throw parameterFault(name, "given more than once");
    this.#written.add(path);
  }
}

function unreadable(field: DescField, name: string): ConnectError {
  const expected = expectationOfField(field);
  return parameterFault(
    name,
    expected === undefined ? "this field cannot be written as text" : `expected ${expected}`,
  );
}

function refuseOneofConflict(at: ReflectMessage, field: DescField, name: string): void {
  if (field.oneof === undefined) return;
  const set = at.oneofCase(field.oneof);
  if (set !== undefined && set !== field) {
    throw parameterFault(name, `only one field of ${field.oneof.name} may be set`);
  }
}

/** The message in `field`, made when there is none. */
function child(at: ReflectMessage, field: FieldTarget["parents"][number]): ReflectMessage {
  if (at.isSet(field)) return at.get(field);
  const made = reflect(field.message, undefined, false);
  at.set(field, made);
  return made;
}
