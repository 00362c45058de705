/** Finds the model's name in a form that is still being sent, without a look at more of it than a bound. */

import { GatheredBytes } from "#core/gathered-bytes.ts";
import { parameterInvalid } from "#dialects/json-object.ts";
import { boundaryOf, type FormSink, MultipartScanner } from "#forms/multipart-scanner.ts";
import { malformedForm, type PartHead } from "#forms/part-head.ts";
import { countParameter } from "#http/media-type.ts";
import { type NamePlace, PassingProgress, StreamedBody } from "./streamed-body.ts";

/** Longest name of a model, in bytes. */
const nameBytesMax = 1024;
const field = "model";
/** A form no longer than this is read whole, so that another provider may be asked after one that failed. */
const shortBytesMax = 64 * 1024;

/** Takes the part that names the model, the only one that may. */
class ModelPart implements FormSink {
  found: NamePlace | undefined;
  #start: number | undefined;
  readonly #content = new GatheredBytes();

  begin({ name }: PartHead, start: number): void {
    if (name !== field) return;
    // Who reads the form behind the gateway may take the other one.
    if (this.found !== undefined) throw parameterInvalid(field, "is given twice in the form");
    this.#start = start;
  }

  content(bytes: Uint8Array): void {
    if (this.#start === undefined) return;
    if (this.#content.length + bytes.length > nameBytesMax) {
      throw parameterInvalid(field, `has more than ${nameBytesMax} bytes`);
    }
    this.#content.add(bytes);
  }

  end(end: number): void {
    if (this.#start === undefined) return;
    const name = Buffer.from(this.#content.take()).toString();
    this.found = { name, start: this.#start, end };
    this.#start = undefined;
  }
}

/** A form as it comes. */
export interface IncomingForm {
  readonly contentType: string;
  /** Its bytes in all, when the client said. */
  readonly length?: number;
  /** Opens the body. */
  open(progress: PassingProgress): AsyncIterable<Uint8Array>;
}

/** What is known of a form that is not here whole. */
export interface FormWithModel {
  /** Empty when the form has ended without one. */
  readonly model: string;
  readonly body: StreamedBody;
}

/**
 * Reads up to the end of the part `model`, or of the form. Throws PARAMETER_INVALID when there is none
 * in the first `aheadBytesMax` bytes, BODY_MALFORMED for what is no form. The rest is looked through as
 * it passes: a second `model` breaks the request off.
 */
export async function formWithModel(
  form: IncomingForm,
  aheadBytesMax: number,
): Promise<FormWithModel> {
  const { contentType, length = Number.POSITIVE_INFINITY } = form;
  if (countParameter(contentType, "boundary") > 1) {
    throw malformedForm("the content-type names two boundaries");
  }
  const part = new ModelPart();
  const scanner = new MultipartScanner(boundaryOf(contentType), part);
  const progress = new PassingProgress();
  const pieces = form.open(progress)[Symbol.asyncIterator]();
  const held = new GatheredBytes();
  let isWhole = false;
  try {
    while (part.found === undefined || length <= shortBytesMax) {
      if (part.found === undefined && held.length > aheadBytesMax) {
        const where = `not found in the first ${aheadBytesMax} bytes of the form`;
        throw parameterInvalid(
          field,
          `${where}: put it before the file, or raise relay.look_ahead`,
        );
      }
      const next = await pieces.next();
      if (next.done === true) {
        isWhole = true;
        scanner.end();
        break;
      }
      held.add(next.value);
      scanner.push(next.value);
    }
  } catch (thrown) {
    await pieces.return?.();
    throw thrown;
  }
  const { found } = part;
  const body = new StreamedBody(
    {
      ...form,
      ahead: Buffer.from(held.take()),
      ...(isWhole ? {} : { rest: pieces, check: scanner }),
      ...(found === undefined ? {} : { model: found }),
    },
    progress,
  );
  return { model: found?.name ?? "", body };
}
