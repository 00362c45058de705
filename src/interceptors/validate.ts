/** Holds every request message to the protovalidate rules of its proto. */

import type { DescMessage, Message } from "@bufbuild/protobuf";
import { pathToString } from "@bufbuild/protobuf/reflect";
import { createValidator, type Validator } from "@bufbuild/protovalidate";
import type { Interceptor } from "@connectrpc/connect";
import { type FieldViolation, fault } from "#errors/fault.ts";
import { QuickYes } from "#validation/quick-yes.ts";

/** Violations that are told; an answer need not be as long as what it refuses. */
const violationsMax = 16;

/** Throws REQUEST_INVALID with one field violation a broken rule, if there is one. */
function validateWhole(validator: Validator, schema: DescMessage, message: Message): void {
  const outcome = validator.validate(schema, message);
  if (outcome.kind === "valid") return;
  // A rule that cannot be evaluated is our own mistake, not the caller's.
  if (outcome.kind === "error") throw outcome.error;
  const { violations } = outcome;
  const fields = violations
    .slice(0, violationsMax)
    .map(({ field, message: text }): FieldViolation => {
      // Rules over several fields name theirs at the head of the text: "file: set either …".
      const [, named, rest] = field.length > 0 ? [] : (/^(\w+): (.*)$/.exec(text) ?? []);
      return named === undefined || rest === undefined
        ? { field: pathToString(field), description: text }
        : { field: named, description: rest };
    });
  const told = fields.map(({ field, description }) => `${field}: ${description}`).join("; ");
  const more = violations.length - fields.length;
  throw fault("REQUEST_INVALID", more > 0 ? `${told}; and ${more} more` : told, { fields });
}

/** Checks messages as they come in, those of streams one by one. */
export function validate(): Interceptor {
  const validator = createValidator();
  const quick = new QuickYes(validator);
  const check = (schema: DescMessage, message: Message) => {
    if (!quick.isValid(schema, message)) validateWhole(validator, schema, message);
  };
  async function* checked(schema: DescMessage, messages: AsyncIterable<Message>) {
    for await (const message of messages) {
      check(schema, message);
      yield message;
    }
  }
  return (next) => (request) => {
    const schema = request.method.input;
    if (request.stream) {
      return next({ ...request, message: checked(schema, request.message) as never });
    }
    check(schema, request.message);
    return next(request);
  };
}
