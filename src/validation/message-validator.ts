/** Holds messages to protovalidate's rules: a quick look at nearly all, a list of faults for the others. */

import {
  create,
  type DescEnum,
  type DescMessage,
  getOption,
  hasOption,
  isFieldSet,
  type Message,
} from "@bufbuild/protobuf";
import { pathToString, usedTypes } from "@bufbuild/protobuf/reflect";
import type { Validator } from "@bufbuild/protovalidate";
import {
  field as fieldRules,
  message as messageRules,
  oneof as oneofRules,
} from "@bufbuild/protovalidate/gen/buf/validate/validate_pb.js";
import { getOrCreate } from "#core/get-or-create.ts";
import { allOf, type Check, Report, unchecked, type Violation } from "./check.ts";
import { fieldCheck } from "./field.ts";
import { presence } from "./presence.ts";

function hasRules(type: DescMessage | DescEnum): boolean {
  return (
    type.kind === "message" &&
    (hasOption(type, messageRules) ||
      type.fields.some((field) => hasOption(field, fieldRules)) ||
      type.oneofs.some((oneof) => hasOption(oneof, oneofRules)))
  );
}

/** Rules of a type besides those of its fields; undefined where the library has to decide. */
function wholeChecks(type: DescMessage): Check<Message>[] | undefined {
  const { cel, celExpression, oneof } = getOption(type, messageRules);
  if (celExpression.length + oneof.length > 0) return undefined;
  const checks: Check<Message>[] = [];
  for (const { expression, message: expected } of cel) {
    const allows = presence(expression, type);
    if (allows === undefined) return undefined;
    const told = expected === "" ? `"${expression}" returned false` : expected;
    checks.push({ allows, report: (_, path, report) => report.add(path, told) });
  }
  for (const { name, fields } of type.oneofs.filter(
    (each) => getOption(each, oneofRules).required,
  )) {
    checks.push({
      allows: (message) => fields.some((field) => isFieldSet(message, field)),
      report: (_, path, report) =>
        report.add(
          path === "" ? name : `${path}.${name}`,
          "exactly one field is required in oneof",
        ),
    });
  }
  return checks;
}

function together(checks: readonly Check<Message>[]): Check<Message> {
  return {
    allows: allOf(checks.map(({ allows }) => allows)),
    report(message, path, report) {
      for (const { allows, report: tell } of checks) {
        if (report.isFull) return;
        if (!allows(message)) tell(message, path, report);
      }
    },
  };
}

/** Messages of all types. What is known of a type is made when it is first asked for. */
export class MessageValidator {
  readonly #library: Validator | undefined;
  readonly #answers = new Map<DescMessage, Check<Message>>();
  readonly #types = new Map<DescMessage, Check<Message>>();

  /**
   * `library` decides on each message, nested ones alone, whose type has rules that are not known here.
   * Without one there may be no such types: the first message of one throws TypeError.
   */
  constructor(library?: Validator) {
    this.#library = library;
  }

  /** Whether a message keeps all rules of its type. Throws for rules that do not compile. */
  isValid(type: DescMessage, message: Message): boolean {
    return this.#answerOf(type).allows(message);
  }

  /**
   * What is wrong with a message, in order of its fields, one fault for each value at most; the search
   * ends with as many as `max`. Throws for rules that cannot be evaluated.
   */
  violations(type: DescMessage, message: Message, max: number): readonly Violation[] {
    const { allows, report: tell } = this.#answerOf(type);
    const report = new Report(max);
    if (!allows(message)) tell(message, "", report);
    return report.violations;
  }

  #answerOf(type: DescMessage): Check<Message> {
    return getOrCreate(this.#answers, type, () => {
      // Rules that do not compile, wherever they are, are a mistake of the schema's, and fail every call.
      const outcome = this.#library?.validate(type, create(type));
      return outcome?.kind === "error" ? this.#byLibrary(type) : this.#check(type);
    });
  }

  #check(type: DescMessage): Check<Message> {
    if (![type, ...usedTypes(type)].some(hasRules)) return unchecked;
    return this.#types.get(type) ?? this.#compiled(type);
  }

  #compiled(type: DescMessage): Check<Message> {
    let check: Check<Message> = unchecked;
    // What the type finds where it contains itself.
    this.#types.set(type, {
      allows: (message) => check.allows(message),
      report: (message, path, report) => check.report(message, path, report),
    });
    const checks = wholeChecks(type);
    let isKnown = checks !== undefined;
    const fields: Check<Message>[] = [];
    for (const field of type.fields) {
      const within = field.message === undefined ? unchecked : this.#check(field.message);
      const known = fieldCheck(field, within as Check<unknown>);
      isKnown &&= known !== undefined;
      if (known !== undefined && known !== unchecked) fields.push(known);
    }
    check = isKnown ? together([...fields, ...(checks ?? [])]) : this.#byLibrary(type);
    this.#types.set(type, check);
    return check;
  }

  /** The library's word, on a message with all that is in it. */
  #byLibrary(type: DescMessage): Check<Message> {
    const library = this.#library;
    if (library === undefined) throw new TypeError(`${type.typeName} has rules that are not known`);
    const faults = (message: Message) => {
      const outcome = library.validate(type, message);
      // A rule that cannot be evaluated is the schema's mistake, not the caller's.
      if (outcome.kind === "error") throw outcome.error;
      return outcome.kind === "valid" ? [] : outcome.violations;
    };
    return {
      allows: (message) => faults(message).length === 0,
      report(message, path, report) {
        for (const { field, message: expected } of faults(message)) {
          const at = pathToString(field);
          report.add(path === "" || at === "" ? path + at : `${path}.${at}`, expected);
        }
      },
    };
  }
}
