/** Reads form bodies, urlencoded or multipart, into the request message. */

import { create, type Message } from "@bufbuild/protobuf";
import { partsOfOne } from "#core/body-progress.ts";
import type { Exchange } from "#exchange/exchange.ts";
import { setMask } from "./field-mask.ts";
import { FieldWriter } from "./field-writer.ts";
import { formPartsFrom } from "./multipart.ts";
import { type ParameterBinder, parametersFrom } from "./parameters.ts";
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

/** The message of an urlencoded form. Throws PARAMETER_INVALID. */
export function messageFromUrlencoded(
  route: Route,
  text: string,
  binder: ParameterBinder,
): Message {
  const { input } = route.method;
  const writer = new FieldWriter(create(input), input);
  for (const parameter of parametersFrom(text)) binder.formText(route, parameter, writer);
  return written(route, writer);
}

/** The message of a multipart form. Throws PARAMETER_INVALID, BODY_MALFORMED, BODY_TOO_LARGE. */
export async function messageFromMultipart(
  route: Route,
  exchange: Exchange,
  { binder, bytesMax }: { readonly binder: ParameterBinder; readonly bytesMax: number },
): Promise<Message> {
  const { input } = route.method;
  const writer = new FieldWriter(create(input), input);
  const contentType = exchange.header("content-type") ?? "";
  const chunks = exchange.chunks(bytesMax, partsOfOne);
  const parts = await formPartsFrom(chunks, contentType, bytesMax);
  for (const part of parts) {
    if (part.kind === "text") binder.formText(route, [part.name, part.text], writer);
    else binder.formFile(route, part.name, part.file, writer);
  }
  return written(route, writer);
}
