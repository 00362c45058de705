/** Connect's errors as JSON: the body of a unary response, and part of a stream's last message. */

import type { Registry } from "@bufbuild/protobuf";
import { create, createRegistry, type JsonValue, toBinary, toJson } from "@bufbuild/protobuf";
import { Code, type ConnectError } from "@connectrpc/connect";
import { codeName } from "#errors/code-name.ts";

const none = createRegistry();

type Detail = ConnectError["details"][number];

/** A detail readable by people; undefined when it holds a type that no one here knows. */
function debugOf(
  detail: Extract<Detail, { readonly desc: unknown }>,
  registry: Registry,
): JsonValue | undefined {
  try {
    return toJson(detail.desc, create(detail.desc, detail.value), { registry });
  } catch {
    return undefined;
  }
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64").replace(/=+$/, "");
}

function detailJson(detail: Detail, registry = none): JsonValue {
  if (!("desc" in detail)) return { type: detail.type, value: base64(detail.value) };
  const { desc, value } = detail;
  const debug = debugOf(detail, registry);
  return {
    type: desc.typeName,
    value: base64(toBinary(desc, create(desc, value))),
    ...(debug === undefined ? {} : { debug }),
  };
}

/** `{code, message, details}`; `registry` holds the types that google.protobuf.Any may carry. */
export function connectErrorJson(error: ConnectError, registry = none): JsonValue {
  return {
    // Connect has names of its own: these, in small letters, and one with one L.
    code: error.code === Code.Canceled ? "canceled" : codeName(error.code).toLowerCase(),
    message: error.rawMessage,
    ...(error.details.length === 0
      ? {}
      : { details: error.details.map((detail) => detailJson(detail, registry)) }),
  };
}
