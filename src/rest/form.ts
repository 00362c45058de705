/** Reads form bodies, urlencoded or multipart, into the request message. */

import { create, type Message } from "@bufbuild/protobuf";
import { partsOfOne } from "#core/body-progress.ts";
import { turns } from "#core/turns.ts";
import type { Exchange } from "#exchange/exchange.ts";
import { formNameCharsMax } from "#forms/part-head.ts";
import { setMask } from "./field-mask.ts";
import { FieldWriter, parameterFault } from "./field-writer.ts";
import type { FormPart } from "./form-part.ts";
import { formPartsFrom } from "./multipart.ts";
import { decodeFormText, Pairs, stretchEnd } from "./pairs.ts";
import type { ParameterBinder } from "./parameters.ts";
import type { Route } from "./route.ts";

/** What a form wrote; a PATCH without a field mask gets one of the fields that it named. */
function written({ maskField, formPrefix }: Route, writer: FieldWriter): Message {
  const { message, paths } = writer;
  if (maskField === undefined || formPrefix === "") return message;
  const named = [...new Set(paths)].filter((path) => path.startsWith(formPrefix));
  setMask(
    message,
    maskField,
    named.map((path) => path.slice(formPrefix.length)),
  );
  return message;
}

/** Characters of a text that are decoded before anybody looks at the time. */
const stretchChars = 65_536;
/** Escapes of one character. */
const escapesMax = 3;

/** The name of a pair. Throws PARAMETER_INVALID. */
function nameOf(written: string): string {
  if (written.length <= formNameCharsMax * escapesMax) return decodeFormText(written, written);
  const begin = written.slice(0, 20);
  throw parameterFault(`${begin}…`, `a name is longer than ${formNameCharsMax} characters`);
}

/** What a text of any length says, decoded in stretches. Throws PARAMETER_INVALID. */
async function decodedLong(text: string, name: string): Promise<string> {
  let decoded = "";
  for (let at = 0; at < text.length; ) {
    const end = stretchEnd(text, at, stretchChars);
    decoded += decodeFormText(text.slice(at, end), name);
    at = end;
    const pause = turns.next();
    if (pause !== undefined) await pause;
  }
  return decoded;
}

/** Goes on with a form whose pairs take long, and lets others go first now and then. */
async function writeLong(
  route: Route,
  pairs: Pairs,
  { binder, writer }: { readonly binder: ParameterBinder; readonly writer: FieldWriter },
): Promise<Message> {
  while (pairs.next()) {
    const name = nameOf(pairs.name);
    const text = await decodedLong(pairs.value, name);
    binder.formText(route, [name, text], writer);
    const pause = turns.next();
    if (pause !== undefined) await pause;
  }
  return written(route, writer);
}

/**
 * The message of an urlencoded form, at once when it is short. Throws, or rejects with,
 * PARAMETER_INVALID and, for too many pairs, REQUEST_INVALID.
 */
export function messageFromUrlencoded(
  route: Route,
  text: string,
  binder: ParameterBinder,
): Message | Promise<Message> {
  const { input } = route.method;
  const writer = new FieldWriter(create(input), input);
  const pairs = new Pairs(text);
  if (text.length > stretchChars) return writeLong(route, pairs, { binder, writer });
  while (pairs.next()) {
    const name = nameOf(pairs.name);
    binder.formText(route, [name, decodeFormText(pairs.value, name)], writer);
  }
  return written(route, writer);
}

function writePart(route: Route, part: FormPart, { binder, writer, isOnly }: PartWriting): void {
  if (part.kind === "text") binder.formText(route, [part.name, part.text], writer);
  else binder.formFile(route, { ...part, isOnly }, writer);
}

interface PartWriting {
  readonly binder: ParameterBinder;
  readonly writer: FieldWriter;
  /** A file is the form's only one. */
  readonly isOnly: boolean;
}

/** The message of a multipart form. Throws PARAMETER_INVALID, BODY_MALFORMED, BODY_TOO_LARGE. */
export async function messageFromMultipart(
  route: Route,
  exchange: Exchange,
  { binder, uploadBytesMax }: { readonly binder: ParameterBinder; readonly uploadBytesMax: number },
): Promise<Message> {
  const { input } = route.method;
  const writer = new FieldWriter(create(input), input);
  const contentType = exchange.header("content-type") ?? "";
  const parts = await formPartsFrom(exchange.chunks(uploadBytesMax, partsOfOne), contentType);
  const isOnly = parts.filter(({ kind }) => kind === "file").length === 1;
  for (const part of parts) {
    writePart(route, part, { binder, writer, isOnly });
    const pause = turns.next();
    if (pause !== undefined) await pause;
  }
  return written(route, writer);
}
