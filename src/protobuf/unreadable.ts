/** Why bytes are not read as a message: they are none, or it would be larger than it may be. */

/** The bytes are no message of the type. Its text is public: it says what is wrong with them. */
export class MalformedError extends Error {
  override readonly name = "MalformedError";
}

/** The message has more elements than are read. */
export class TooManyElementsError extends Error {
  override readonly name = "TooManyElementsError";
  readonly elementsMax: number;

  constructor(elementsMax: number) {
    super(`it has more than ${elementsMax} elements`);
    this.elementsMax = elementsMax;
  }
}

/** A value is longer than its field may be. */
export class FieldLimitError extends Error {
  override readonly name = "FieldLimitError";
  /** Path of the field in the message, such as `messages[0].role`; empty until it is known. */
  readonly field: string;
  /** What was expected. */
  readonly expected: string;

  constructor(expected: string, field = "") {
    super(`${field}: ${expected}`);
    this.expected = expected;
    this.field = field;
  }
}

/** The refusal of bytes that are no message. */
export function malformed(problem: string): never {
  throw new MalformedError(problem);
}
