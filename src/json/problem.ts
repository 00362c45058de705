/** What can be wrong with a JSON text: thrown where it is noticed, completed with the place by the reader. */

/**
 * `malformed`: the text is no JSON. `unfit`: it is JSON, but not that of its message. `rule`: a field
 * holds more than its own rule allows. `limit`: it holds more than is read of any text.
 */
export type JsonProblemKind = "malformed" | "unfit" | "rule" | "limit";

/** Something is wrong with a text. */
export class JsonProblem extends Error {
  override readonly name = "JsonProblem";
  readonly kind: JsonProblemKind;
  /** What is wrong, in words for whoever sent the text. */
  readonly description: string;
  /** The innermost field at fault, such as `messages[1].role`; empty for the whole text. */
  readonly path: string;

  constructor(kind: JsonProblemKind, description: string, path = "") {
    super(path === "" ? description : `${path}: ${description}`);
    this.kind = kind;
    this.description = description;
    this.path = path;
  }

  /** The same problem, at `path`. */
  at(path: string): JsonProblem {
    return new JsonProblem(this.kind, this.description, path);
  }
}

/** The text holds more elements than are read of any. */
export class TooManyJsonElements extends JsonProblem {
  readonly elementsMax: number;

  constructor(elementsMax: number, path = "") {
    super("limit", `the text holds more than ${elementsMax} elements`, path);
    this.elementsMax = elementsMax;
  }

  override at(path: string): JsonProblem {
    return new TooManyJsonElements(this.elementsMax, path);
  }
}

/** A value that is not one of its field's type. */
export function unfit(expected: string): JsonProblem {
  return new JsonProblem("unfit", `expected ${expected}`);
}

/** More is open at one place than is read. */
export function tooDeep(depthMax: number): JsonProblem {
  return new JsonProblem("limit", `lists and objects are nested deeper than ${depthMax} levels`);
}
