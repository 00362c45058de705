/** A quick yes: message types as predicates that hold only where the library finds no violation. */

import {
  create,
  type DescEnum,
  type DescMessage,
  getOption,
  hasOption,
  isFieldSet,
  type Message,
} from "@bufbuild/protobuf";
import { usedTypes } from "@bufbuild/protobuf/reflect";
import type { Validator } from "@bufbuild/protovalidate";
import {
  field as fieldRules,
  message as messageRules,
  oneof as oneofRules,
} from "@bufbuild/protovalidate/gen/buf/validate/validate_pb.js";
import { remembered } from "#core/remembered.ts";
import { type Allows, allOf, always } from "./allows.ts";
import { fieldRule } from "./field.ts";
import { presence } from "./presence.ts";

function hasRules(type: DescMessage | DescEnum): boolean {
  return (
    type.kind === "message" &&
    (hasOption(type, messageRules) ||
      type.fields.some((field) => hasOption(field, fieldRules)) ||
      type.oneofs.some((oneof) => hasOption(oneof, oneofRules)))
  );
}

/** Rules of a type beside those of its fields. */
function wholeRule(type: DescMessage): Allows<Message> | undefined {
  const { cel, celExpression, oneof } = getOption(type, messageRules);
  if (celExpression.length + oneof.length > 0) return undefined;
  const required = type.oneofs.filter((each) => getOption(each, oneofRules).required);
  return allOf<Message>([
    ...cel.map(({ expression }) => presence(expression, type)),
    ...required.map(
      ({ fields }) =>
        (message: Message) =>
          fields.some((field) => isFieldSet(message, field)),
    ),
  ]);
}

/** Predicates of message types, each compiled when it is first asked for. */
export class QuickYes {
  readonly #library: Validator;
  readonly #answers = new Map<DescMessage, Allows<Message>>();
  readonly #types = new Map<DescMessage, Allows<Message>>();

  /** `library` decides on each message, nested ones alone, whose type has rules that are not known. */
  constructor(library: Validator) {
    this.#library = library;
  }

  /** True only if the library finds `message` valid; false says nothing. */
  isValid(type: DescMessage, message: Message): boolean {
    return remembered(this.#answers, type, () => this.#answer(type))(message);
  }

  #answer(type: DescMessage): Allows<Message> {
    // Rules that do not compile, wherever they are, fail every call: the library has to tell of them.
    const { kind } = this.#library.validate(type, create(type));
    return kind === "error" ? () => false : this.#rule(type);
  }

  #rule(type: DescMessage): Allows<Message> {
    if (![type, ...usedTypes(type)].some(hasRules)) return always;
    return this.#types.get(type) ?? this.#compiled(type);
  }

  #compiled(type: DescMessage): Allows<Message> {
    let rule: Allows<Message> = () => false;
    // What the type finds where it contains itself.
    this.#types.set(type, (message) => rule(message));
    const fields = type.fields.map((field) => {
      const within = field.message === undefined ? always : this.#rule(field.message);
      return fieldRule(field, within as Allows<unknown>);
    });
    rule =
      allOf([...fields, wholeRule(type)]) ??
      ((message) => this.#library.validate(type, message).kind === "valid");
    this.#types.set(type, rule);
    return rule;
  }
}
