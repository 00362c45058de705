/** What is wrong with a JSON text, in words for its sender. */

import type { DescMessage, JsonReadOptions, JsonValue } from "@bufbuild/protobuf";
import { isFieldError } from "@bufbuild/protobuf/reflect";
import type { ConnectError } from "@connectrpc/connect";
import { fault } from "#errors/fault.ts";
import { type JsonFailure, jsonFailure } from "./json-failure.ts";
import { expectationOfMessage } from "./text-message.ts";

const preamble = /^cannot decode .*? from JSON: /;

function fieldFault(field: string, description: string, cause: unknown): ConnectError {
  return fault("REQUEST_INVALID", `${field}: ${description}`, {
    fields: [{ field, description }],
    cause,
  });
}

/** Longest text in which a part that does not fit is looked for, in characters. */
const searchedMax = 65_536;

/** What is read, and as what. */
export interface Written {
  readonly desc: DescMessage;
  readonly text: string;
  readonly reading: Partial<JsonReadOptions>;
}

/** The part of a text, which is JSON, that does not fit; the whole one when that is not known. */
function failureOf({ desc, text, reading }: Written, thrown: unknown): JsonFailure {
  const whole = { desc, value: {}, path: "" };
  if (text.length > searchedMax) return { ...whole, thrown };
  const value: JsonValue = JSON.parse(text);
  return jsonFailure({ ...whole, value }, reading) ?? { ...whole, value, thrown };
}

/** What a part must be whose value is of another kind altogether. */
function expectationOfPart({ desc, value }: JsonFailure): string | undefined {
  const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
  return expectationOfMessage(desc) ?? (isObject ? undefined : "a JSON object");
}

/** The error for a text that is no JSON, or not that of the message. */
function readFault(written: Written, error: unknown): ConnectError {
  if (
    error instanceof SyntaxError ||
    (error instanceof Error && error.cause instanceof SyntaxError)
  ) {
    const problem = error.message.replace(preamble, "");
    return fault("BODY_MALFORMED", `the body is not valid JSON: ${problem}`, { cause: error });
  }
  const failure = failureOf(written, error);
  const { path, thrown } = failure;
  const problem = thrown instanceof Error ? thrown.message.replace(preamble, "") : "";
  const cause = thrown instanceof Error ? thrown.cause : undefined;
  const within = (name: string) => (path === "" ? name : `${path}.${name}`);
  if (isFieldError(cause)) return fieldFault(within(cause.field().name), problem, error);
  const unknown = /^key "(.*)" is unknown$/s.exec(problem)?.[1];
  if (unknown !== undefined) return fieldFault(within(unknown), "unknown field", error);
  const twice = /^duplicate object key "(.*)"$/s.exec(problem)?.[1];
  if (twice !== undefined) return fieldFault(twice, "given more than once", error);
  const expected = expectationOfPart(failure);
  const known = thrown instanceof Error && preamble.test(thrown.message);
  const words = known ? problem : "a value is not one of its field's type";
  const description = expected === undefined ? words : `expected ${expected}`;
  if (path !== "") return fieldFault(path, description, error);
  const message = `the body does not fit the request: ${description}`;
  return fault("REQUEST_INVALID", message, { cause: error });
}

/** Runs `read`; what it throws becomes BODY_MALFORMED, or REQUEST_INVALID that names the field. */
export function converted<T>(written: Written, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw readFault(written, error);
  }
}
