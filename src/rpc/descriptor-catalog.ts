/** Descriptor files with all that they import, found by name, by symbol and by extension, each serialized once. */

import { type DescFile, toBinary } from "@bufbuild/protobuf";
import {
  type DescriptorProto,
  type EnumDescriptorProto,
  type FieldDescriptorProto,
  type FileDescriptorProto,
  FileDescriptorProtoSchema,
  type ServiceDescriptorProto,
} from "@bufbuild/protobuf/wkt";
import { getOrCreate } from "#core/get-or-create.ts";

/** Where everything with a name is defined. */
class Index {
  /** File by full name of a type, field, oneof, enum value, service, method or extension. */
  readonly symbols = new Map<string, string>();
  /** File by number, by full name of the message that is extended. */
  readonly extensions = new Map<string, Map<number, string>>();
  /** Full names of messages, those of map entries included. */
  readonly messages = new Set<string>();
  #file = "";

  add({ name, package: scope, ...file }: FileDescriptorProto): void {
    this.#file = name;
    for (const message of file.messageType) this.#message(scope, message);
    for (const type of file.enumType) this.#enum(scope, type);
    for (const field of file.extension) this.#extension(scope, field);
    for (const service of file.service) this.#service(scope, service);
  }

  #symbol(scope: string, name: string): string {
    const symbol = scope === "" ? name : `${scope}.${name}`;
    this.symbols.set(symbol, this.#file);
    return symbol;
  }

  #message(scope: string, message: DescriptorProto): void {
    const symbol = this.#symbol(scope, message.name);
    this.messages.add(symbol);
    for (const { name } of message.field) this.#symbol(symbol, name);
    for (const { name } of message.oneofDecl) this.#symbol(symbol, name);
    for (const field of message.extension) this.#extension(symbol, field);
    for (const type of message.enumType) this.#enum(symbol, type);
    // Entries of maps are nested types, too, although languages show none.
    for (const nested of message.nestedType) this.#message(symbol, nested);
  }

  /** Values live in the scope around their enum (protobuf's C++ scoping); some ask for them within it. */
  #enum(scope: string, type: EnumDescriptorProto): void {
    const symbol = this.#symbol(scope, type.name);
    for (const { name } of type.value) {
      this.#symbol(scope, name);
      this.#symbol(symbol, name);
    }
  }

  #service(scope: string, service: ServiceDescriptorProto): void {
    const symbol = this.#symbol(scope, service.name);
    for (const { name } of service.method) this.#symbol(symbol, name);
  }

  #extension(scope: string, { name, extendee, number }: FieldDescriptorProto): void {
    this.#symbol(scope, name);
    // Compilers write full names, with a dot ahead.
    const numbers = getOrCreate(
      this.extensions,
      extendee.slice(1),
      () => new Map<number, string>(),
    );
    numbers.set(number, this.#file);
  }
}

/** A catalog of files. What it makes of them it makes when it is first asked for, and keeps. */
export class DescriptorCatalog {
  readonly #files = new Map<string, DescFile>();
  readonly #serialized = new Map<string, Uint8Array>();
  #index: Index | undefined;

  /** Of `roots` and all that they import. */
  constructor(roots: readonly DescFile[]) {
    const add = (file: DescFile) => {
      if (this.#files.has(file.proto.name)) return;
      this.#files.set(file.proto.name, file);
      file.dependencies.forEach(add);
    };
    roots.forEach(add);
  }

  /** Name of the file that defines whatever has this full name. */
  fileOfSymbol(symbol: string): string | undefined {
    return this.#indexed().symbols.get(symbol);
  }

  /** Name of the file that defines an extension. */
  fileOfExtension(extendee: string, number: number): string | undefined {
    return this.#indexed().extensions.get(extendee)?.get(number);
  }

  /** Numbers of a message's extensions; undefined for no message that is known here. */
  extensionNumbersOf(extendee: string): Iterable<number> | undefined {
    const { messages, extensions } = this.#indexed();
    return messages.has(extendee) ? (extensions.get(extendee)?.keys() ?? []) : undefined;
  }

  /**
   * The bytes of a file and, after it, of all that it imports, each before its own imports; none of
   * `sent`, to which they are added, but the file itself. Undefined for a file that is not known.
   */
  withImports(name: string, sent: Set<string>): Uint8Array[] | undefined {
    const file = this.#files.get(name);
    if (file === undefined) return undefined;
    sent.delete(name);
    const importsFirst: DescFile[] = [];
    const visit = (next: DescFile) => {
      if (sent.has(next.proto.name)) return;
      sent.add(next.proto.name);
      next.dependencies.forEach(visit);
      importsFirst.push(next);
    };
    visit(file);
    return importsFirst.reverse().map(({ proto }) => this.#bytesOf(proto));
  }

  #bytesOf(proto: FileDescriptorProto): Uint8Array {
    return getOrCreate(this.#serialized, proto.name, () =>
      toBinary(FileDescriptorProtoSchema, proto),
    );
  }

  #indexed(): Index {
    if (this.#index === undefined) {
      this.#index = new Index();
      for (const { proto } of this.#files.values()) this.#index.add(proto);
    }
    return this.#index;
  }
}
