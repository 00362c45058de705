/** Message types with protovalidate rules, made in memory: every rule, on every kind of field. */

import {
  create,
  createFileRegistry,
  type DescMessage,
  type MessageInitShape,
  setExtension,
} from "@bufbuild/protobuf";
import {
  type FieldDescriptorProtoSchema,
  FieldOptions_JSType,
  FieldOptionsSchema,
  FileDescriptorProtoSchema,
  file_google_protobuf_any,
  file_google_protobuf_duration,
  file_google_protobuf_struct,
  file_google_protobuf_timestamp,
  file_google_protobuf_wrappers,
  FieldDescriptorProto_Label as Label,
  MessageOptionsSchema,
  OneofOptionsSchema,
  FieldDescriptorProto_Type as Type,
} from "@bufbuild/protobuf/wkt";
import {
  FieldRulesSchema,
  field as fieldRules,
  MessageRulesSchema,
  message as messageRules,
  OneofRulesSchema,
  oneof as oneofRules,
} from "@bufbuild/protovalidate/gen/buf/validate/validate_pb.js";

type FieldProto = MessageInitShape<typeof FieldDescriptorProtoSchema>;

/** Rules of a field. */
export type RulesInit = MessageInitShape<typeof FieldRulesSchema>;

/** A field of a type in the making. */
export interface FieldInit {
  /** A scalar, the enum `Color` (0, 1 and 5), `Self`, a well-known type, or one made before. */
  readonly type:
    | Exclude<keyof typeof Type, number>
    | "Color"
    | "Self"
    | `google.protobuf.${string}`
    | DescMessage;
  readonly rules?: RulesInit;
  /** Absent: singular, without presence. Members are of the oneof `choice`; the last two make it proto2. */
  readonly is?: "optional" | "repeated" | "member" | "proto2 optional" | "proto2 required";
  /** Makes it a map from keys of this type. */
  readonly key?: "STRING" | "INT32";
  readonly isLongText?: boolean;
}

const wellKnown = [
  file_google_protobuf_any,
  file_google_protobuf_duration,
  file_google_protobuf_struct,
  file_google_protobuf_timestamp,
  file_google_protobuf_wrappers,
];

function typeOf(type: FieldInit["type"], scope: string): FieldProto {
  if (typeof type === "object") return { type: Type.MESSAGE, typeName: `.${type.typeName}` };
  if (type === "Color") return { type: Type.ENUM, typeName: `.${scope}.Color` };
  if (type === "Self") return { type: Type.MESSAGE, typeName: `.${scope}.Self` };
  if (type.startsWith("google.")) return { type: Type.MESSAGE, typeName: `.${type}` };
  return { type: Type[type as keyof typeof Type] };
}

function optionsOf({ rules, isLongText }: FieldInit) {
  const options = create(FieldOptionsSchema);
  if (rules !== undefined) setExtension(options, fieldRules, create(FieldRulesSchema, rules));
  if (isLongText) options.jstype = FieldOptions_JSType.JS_STRING;
  return options;
}

let made = 0;

/** A type with these fields and rules; `choiceRequired` is said of the oneof of all members. */
export function ruledType(
  fields: Readonly<Record<string, FieldInit>>,
  rules?: MessageInitShape<typeof MessageRulesSchema>,
  choiceRequired = false,
): DescMessage {
  made += 1;
  const scope = `ruled${made}`;
  const all = Object.entries(fields);
  const hasChoice = all.some(([, { is }]) => is === "member");
  const optionals = all.flatMap(([name, { is }]) => (is === "optional" ? [name] : []));
  const field = all.map(([name, init], at): FieldProto => {
    const { is, key } = init;
    const repeated = is === "repeated" || key !== undefined;
    return {
      name,
      number: at + 1,
      ...(key === undefined
        ? typeOf(init.type, scope)
        : { type: Type.MESSAGE, typeName: `.${scope}.Self.${entryName(name)}` }),
      label: repeated ? Label.REPEATED : is === "proto2 required" ? Label.REQUIRED : Label.OPTIONAL,
      options: optionsOf(init),
      ...(is === "member" ? { oneofIndex: 0 } : {}),
      ...(is === "optional"
        ? { proto3Optional: true, oneofIndex: optionals.indexOf(name) + (hasChoice ? 1 : 0) }
        : {}),
    };
  });
  const nestedType = all.flatMap(([name, { type, key }]) =>
    key === undefined
      ? []
      : [
          {
            name: entryName(name),
            options: { mapEntry: true },
            field: [
              { name: "key", number: 1, label: Label.OPTIONAL, type: Type[key] },
              { name: "value", number: 2, label: Label.OPTIONAL, ...typeOf(type, scope) },
            ],
          },
        ],
  );
  const imports = [
    ...wellKnown,
    ...all.flatMap(([, { type }]) => (typeof type === "object" ? [type.file] : [])),
  ];
  const choice = create(OneofOptionsSchema);
  if (choiceRequired)
    setExtension(choice, oneofRules, create(OneofRulesSchema, { required: true }));
  const options = create(MessageOptionsSchema);
  if (rules !== undefined) setExtension(options, messageRules, create(MessageRulesSchema, rules));
  const file = create(FileDescriptorProtoSchema, {
    name: `${scope}.proto`,
    package: scope,
    syntax: all.some(([, { is }]) => is?.startsWith("proto2")) ? "proto2" : "proto3",
    dependency: imports.map(({ proto }) => proto.name),
    enumType: [
      { name: "Color", value: [0, 1, 5].map((number) => ({ name: `COLOR_${number}`, number })) },
    ],
    messageType: [
      {
        name: "Self",
        field,
        nestedType,
        options,
        oneofDecl: [
          ...(hasChoice ? [{ name: "choice", options: choice }] : []),
          ...optionals.map((name) => ({ name: `_${name}` })),
        ],
      },
    ],
  });
  const type = createFileRegistry(file, (name) =>
    imports.find(({ proto }) => proto.name === name),
  ).getMessage(`${scope}.Self`);
  if (type === undefined) throw new Error("the type was not made");
  return type;
}

function entryName(field: string): string {
  return `${field.charAt(0).toUpperCase()}${field.slice(1)}Entry`;
}
