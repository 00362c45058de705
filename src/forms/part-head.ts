/** The head of one part of a multipart form: what it says. Pure. */

import type { ConnectError } from "@connectrpc/connect";
import { fault } from "#errors/fault.ts";
import { countParameter, mediaTypeFrom } from "#http/media-type.ts";

/** Longest name of a form's field, in characters. */
export const formNameCharsMax = 1024;

const linesMax = 32;

/** What a part's head says. */
export interface PartHead {
  readonly name: string;
  readonly contentType: string;
  readonly isFile: boolean;
}

/** The error for a body that is no multipart form. */
export function malformedForm(problem: string, cause?: unknown): ConnectError {
  return fault("BODY_MALFORMED", `multipart body: ${problem}`, { cause });
}

/** The error for a part whose head cannot be read. */
export function badHead(): ConnectError {
  return malformedForm("a part's head has no end, or no content-disposition: form-data");
}

const utf8 = new TextDecoder("utf-8", { fatal: true });
const fieldPattern = /^([\w!#$%&'*+.^`|~-]+):[ \t]*(.*)$/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what no line may hold
const controls = /[\u0000-\u0008\u000a-\u001f\u007f]/;

/** The fields of a head by lower-case name; the first of a name counts. */
function fieldsOf(bytes: Uint8Array): ReadonlyMap<string, string> {
  let text: string;
  try {
    text = utf8.decode(bytes);
  } catch {
    throw badHead();
  }
  const fields = new Map<string, string>();
  // A line that begins with a blank goes on with the one before it (RFC 5322, 2.2.3).
  const lines = text.replace(/\r\n[ \t]+/g, " ").split("\r\n");
  if (lines.length > linesMax) throw malformedForm(`a part's head has more than ${linesMax} lines`);
  for (const line of lines) {
    const [, name, value = ""] = controls.test(line) ? [] : (fieldPattern.exec(line) ?? []);
    if (name === undefined) throw badHead();
    const key = name.toLowerCase();
    // Who reads the form behind the gateway may take the other one.
    if (key === "content-disposition" && fields.has(key)) throw namedTwice();
    if (!fields.has(key)) fields.set(key, value.trim());
  }
  return fields;
}

function namedTwice(): ConnectError {
  return malformedForm("a part has two names");
}

/** Encodings that are none; others went out of use with RFC 7578, 4.7. */
const plainEncodings = new Set(["7bit", "8bit", "binary"]);

/** What the bytes of a head say. Throws BODY_MALFORMED and MEDIA_TYPE_UNSUPPORTED. */
export function partHeadFrom(bytes: Uint8Array): PartHead {
  const fields = fieldsOf(bytes);
  const disposition = fields.get("content-disposition") ?? "";
  const { type, parameters } = mediaTypeFrom(disposition);
  if (type !== "form-data") throw badHead();
  const name = parameters.get("name");
  if (name === undefined) throw malformedForm("a part has no name");
  if (parameters.has("name*") || countParameter(disposition, "name") > 1) throw namedTwice();
  if (name.length > formNameCharsMax) {
    throw malformedForm(`a name is longer than ${formNameCharsMax} characters`);
  }
  const encoding = fields.get("content-transfer-encoding")?.toLowerCase();
  if (encoding !== undefined && !plainEncodings.has(encoding)) {
    const problem = `content-transfer-encoding: ${encoding} is not taken, send binary`;
    throw fault("MEDIA_TYPE_UNSUPPORTED", `${name}: ${problem}`);
  }
  const contentType = fields.get("content-type");
  // Some clients name no file and say what it is all the same.
  const hasFileName = parameters.has("filename") || parameters.has("filename*");
  const isText = contentType === undefined || mediaTypeFrom(contentType).type.startsWith("text/");
  return {
    name,
    contentType: contentType ?? "text/plain",
    isFile: hasFileName || !isText,
  };
}
