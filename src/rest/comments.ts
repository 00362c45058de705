/** Reads the comments of proto files that were compiled with source information. */

import type {
  DescriptorProto,
  EnumDescriptorProto,
  FileDescriptorProto,
} from "@bufbuild/protobuf/wkt";

/** Comments by full name: of messages, fields, enums, their values, services and methods. */
export type Comments = ReadonlyMap<string, string>;

/** The comment of an element, as a description in a document; nothing without one. */
export function describe(comments: Comments, fullName: string): { description?: string } {
  const description = comments.get(fullName);
  return description === undefined ? {} : { description };
}

/** Where a kind of element stands in the path of a source location (descriptor.proto, Location). */
const inFile = { message: 4, enum: 5, service: 6 } as const;
const inMessage = { field: 2, message: 3, enum: 4 } as const;
const inner = 2;

type Note = (path: readonly number[], fullName: string) => void;

function walkEnum(type: EnumDescriptorProto, path: readonly number[], name: string, note: Note) {
  note(path, name);
  for (const [index, value] of type.value.entries()) {
    note([...path, inner, index], `${name}.${value.name}`);
  }
}

function walkMessage(type: DescriptorProto, path: readonly number[], name: string, note: Note) {
  note(path, name);
  for (const [index, field] of type.field.entries()) {
    note([...path, inMessage.field, index], `${name}.${field.name}`);
  }
  for (const [index, nested] of type.nestedType.entries()) {
    walkMessage(nested, [...path, inMessage.message, index], `${name}.${nested.name}`, note);
  }
  for (const [index, nested] of type.enumType.entries()) {
    walkEnum(nested, [...path, inMessage.enum, index], `${name}.${nested.name}`, note);
  }
}

function walkFile(proto: FileDescriptorProto, note: Note): void {
  const prefix = proto.package === "" ? "" : `${proto.package}.`;
  for (const [index, type] of proto.messageType.entries()) {
    walkMessage(type, [inFile.message, index], prefix + type.name, note);
  }
  for (const [index, type] of proto.enumType.entries()) {
    walkEnum(type, [inFile.enum, index], prefix + type.name, note);
  }
  for (const [index, service] of proto.service.entries()) {
    const name = prefix + service.name;
    note([inFile.service, index], name);
    for (const [at, method] of service.method.entries()) {
      note([inFile.service, index, inner, at], `${name}.${method.name}`);
    }
  }
}

/** The leading comments of all elements of `files`, on one line each paragraph. */
export function commentsOf(files: Iterable<FileDescriptorProto>): Comments {
  const comments = new Map<string, string>();
  for (const file of files) {
    const texts = new Map<string, string>();
    for (const { path, leadingComments = "" } of file.sourceCodeInfo?.location ?? []) {
      if (leadingComments !== "") texts.set(path.join("."), leadingComments);
    }
    walkFile(file, (path, fullName) => {
      const text = texts.get(path.join("."));
      if (text === undefined) return;
      comments.set(fullName, text.trim().replace(/[ \t]*\n[ \t]?(?!\n)/g, " "));
    });
  }
  return comments;
}
