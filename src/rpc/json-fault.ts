/** What is wrong with a JSON text, as the fault of whoever sent it. */

import type { ConnectError } from "@connectrpc/connect";
import { fault } from "#errors/fault.ts";
import { JsonProblem, TooManyJsonElements } from "#json/problem.ts";
import { tooManyElements } from "#protocol/compression.ts";

/** BODY_MALFORMED for what is no JSON, BODY_TOO_LARGE for too many elements, else REQUEST_INVALID that names the field or the limit. */
function jsonFault(problem: JsonProblem): ConnectError {
  const { kind, description, path } = problem;
  const cause = problem;
  if (kind === "malformed") {
    return fault("BODY_MALFORMED", `the body is not valid JSON: ${description}`, { cause });
  }
  if (problem instanceof TooManyJsonElements) return tooManyElements(problem.elementsMax, cause);
  if (kind === "limit") {
    return fault("REQUEST_INVALID", `the body exceeds a limit: ${description}`, { cause });
  }
  if (path === "") {
    const message = `the body does not fit the request: ${description}`;
    return fault("REQUEST_INVALID", message, { cause });
  }
  const fields = [{ field: path, description }];
  return fault("REQUEST_INVALID", `${path}: ${description}`, { fields, cause });
}

/** Throws what a reader threw; a JsonProblem as the fault that it is. */
export function refuse(thrown: unknown): never {
  throw thrown instanceof JsonProblem ? jsonFault(thrown) : thrown;
}
