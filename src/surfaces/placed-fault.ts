/** Faults about a field, with the place that the field has in its client's own words. */

import type { ConnectError } from "@connectrpc/connect";
import { parameterInvalid } from "#dialects/json-object.ts";
import { unsupported } from "#dialects/upstream-error.ts";
import { reasonOf, withMetadata } from "#errors/fault.ts";
import { faultFrom } from "#errors/from-unknown.ts";
import { BadRequestSchema } from "#gen/google/rpc/error_details_pb.js";

/** The same fault, of a field where `placeOf` says that it stands. */
export function placedFault(placeOf: (field: string) => string, thrown: unknown): ConnectError {
  const error = faultFrom(thrown);
  const violation = error.findDetails(BadRequestSchema)[0]?.fieldViolations[0];
  if (violation === undefined) return error;
  const place = placeOf(violation.field);
  switch (reasonOf(error)) {
    case "PARAMETER_UNSUPPORTED":
      return place === violation.field ? error : unsupported(place, violation.description);
    case "PARAMETER_INVALID":
    case "REQUEST_INVALID":
      return parameterInvalid(place, violation.description);
    case "NOT_FOUND": {
      const { description } = violation;
      return withMetadata(error, { param: place }, `${place}: ${description}`);
    }
    default:
      return error;
  }
}
