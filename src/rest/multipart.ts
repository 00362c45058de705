/** Reads multipart/form-data bodies into parts, within bounds. */

import { GatheredBytes } from "#core/gathered-bytes.ts";
import { turns } from "#core/turns.ts";
import { boundaryOf, type FormSink, MultipartScanner } from "#forms/multipart-scanner.ts";
import type { PartHead } from "#forms/part-head.ts";
import { type FormPart, formPart } from "./form-part.ts";

/** Gathers what it is given. */
class PartGatherer implements FormSink {
  readonly parts: FormPart[] = [];
  readonly #content = new GatheredBytes();
  #head: PartHead | undefined;

  begin(head: PartHead): void {
    this.#head = head;
  }

  content(bytes: Uint8Array): void {
    this.#content.add(bytes);
  }

  end(): void {
    const content = this.#content.take(new Uint8Array(0));
    if (this.#head !== undefined) this.parts.push(formPart(this.#head, content));
  }
}

/**
 * The parts in their order, files held in memory; `chunks` bounds their size by itself. Throws
 * BODY_MALFORMED for what is no whole form or too many parts, and what reading `chunks` throws.
 */
export async function formPartsFrom(
  chunks: AsyncIterable<Uint8Array>,
  contentType: string,
): Promise<readonly FormPart[]> {
  const gatherer = new PartGatherer();
  const scanner = new MultipartScanner(boundaryOf(contentType), gatherer);
  for await (const chunk of chunks) {
    scanner.push(chunk);
    // What is here already comes without a look at anybody else.
    const pause = turns.next();
    if (pause !== undefined) await pause;
  }
  scanner.end();
  return gatherer.parts;
}
