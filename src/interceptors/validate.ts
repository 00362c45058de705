/** Holds every request message to the protovalidate rules of its proto. */

import type { DescMessage, Message } from "@bufbuild/protobuf";
import type { Interceptor } from "@connectrpc/connect";
import { type FieldViolation, fault } from "#errors/fault.ts";
import type { Violation } from "#validation/check.ts";
import { MessageValidator } from "#validation/message-validator.ts";

/** Violations that are reported; a response need not be as long as what it refuses. */
const violationsMax = 16;

/** Rules over several fields name theirs at the head of the text: "file: set either …". */
function named({ field, description }: Violation): FieldViolation {
  const [, name, rest] = field === "" ? (/^(\w+): (.*)$/.exec(description) ?? []) : [];
  return name === undefined || rest === undefined
    ? { field, description }
    : { field: name, description: rest };
}

/** Checks messages as they come in, those of streams one by one. */
export function validate(): Interceptor {
  // Of the gateway's own types there is none that needs protovalidate's library, which is greater than all else.
  const validator = new MessageValidator();
  /** Throws REQUEST_INVALID with a field violation for each value that breaks a rule, if there is one. */
  const check = (schema: DescMessage, message: Message) => {
    if (validator.isValid(schema, message)) return;
    // One more says whether there are more.
    const violations = validator.violations(schema, message, violationsMax + 1);
    const fields = violations.slice(0, violationsMax).map(named);
    const told = fields.map(({ field, description }) => `${field}: ${description}`).join("; ");
    const hasMore = violations.length > fields.length;
    throw fault("REQUEST_INVALID", hasMore ? `${told}; and more` : told, { fields });
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
