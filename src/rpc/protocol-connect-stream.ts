/** Connect's streams: the last envelope of a response is JSON with the error and the trailing metadata. */

import type { JsonValue, Registry } from "@bufbuild/protobuf";
import { Code, type ConnectError } from "@connectrpc/connect";
import { valuesByName } from "#exchange/values-by-name.ts";
import { envelope } from "#protocol/envelope.ts";
import { metadataFields } from "#protocol/metadata.ts";
import { connectTimeout } from "#protocol/timeout.ts";
import { connectErrorJson } from "./connect-error.ts";
import type { EnvelopedProtocol } from "./enveloped-response.ts";

/** The payload ends the stream. */
const endFlag = 0b0000_0010;

function endJson(error: ConnectError | undefined, trailer: Headers, registry: Registry): JsonValue {
  const fields = [
    ...metadataFields(trailer),
    ...(error === undefined ? [] : metadataFields(error.metadata)),
  ];
  return {
    ...(error === undefined ? {} : { error: connectErrorJson(error, registry) }),
    ...(fields.length === 0 ? {} : { metadata: valuesByName(fields) }),
  };
}

/** Connect's streams; `registry` holds the types that details of errors may carry. */
export function connectStream(registry: Registry): EnvelopedProtocol {
  return {
    name: "connect",
    encodingField: "connect-content-encoding",
    acceptField: "connect-accept-encoding",
    timeout: connectTimeout,
    malformedCode: Code.InvalidArgument,
    isText: false,
    endEnvelope: (error, trailer) =>
      envelope(endFlag, Buffer.from(JSON.stringify(endJson(error, trailer, registry)))),
  };
}
