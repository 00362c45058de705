/** Reads the bodies of calls for model servers: bounded, decompressed, and text only as far as it is one. */

import { Code } from "@connectrpc/connect";
import { free } from "#core/free.ts";
import { Slots } from "#core/slots.ts";
import { turns } from "#core/turns.ts";
import { fault } from "#errors/fault.ts";
import type { Exchange } from "#exchange/exchange.ts";
import type { JsonLimits } from "#json/limits.ts";
import { readPlain } from "#json/reader.ts";
import type { ValuePlan } from "#json/run.ts";
import { NotUtf8, utf8Parts } from "#json/text-parts.ts";
import { decodingOf } from "#protocol/compression.ts";
import type { Decompressor } from "#protocol/decompressor.ts";
import type { ExchangeCall } from "#rpc/exchange-call.ts";
import { refuse } from "#rpc/json-fault.ts";

/** How bodies are read. */
export interface BodyTerms {
  /** Largest body, as it is sent and as it is decompressed. */
  readonly bodyBytesMax: number;
  readonly decompressor: Decompressor;
}

/** From this length on a body is long: others go before it is read. */
const longBytesMin = 1024 * 1024;

/** Long bodies are read one after the other: the tensors of one may be several times as large. */
const longBodies = new Slots(1);

/** A call whose body is read. */
export interface BodySource {
  readonly exchange: Exchange;
  readonly call: ExchangeCall;
  /** Aborts the reading. */
  readonly source: { readonly signal: AbortSignal };
}

/**
 * What `read` makes of the body without its coding. A long body, or one that may become long, waits
 * while another is read. Rejects with MEDIA_TYPE_UNSUPPORTED for a coding that is not known, as reading
 * the exchange and decompressing do, and as `read` does.
 */
export async function readBody<R>(
  { exchange, call, source }: BodySource,
  { bodyBytesMax, decompressor }: BodyTerms,
  read: (body: Uint8Array) => R | Promise<R>,
): Promise<R> {
  const name = exchange.header("content-encoding")?.trim().toLowerCase() ?? "identity";
  const decoding = name === "identity" || name === "" ? undefined : decodingOf(name);
  if (decoding === undefined && name !== "identity" && name !== "") {
    const taken = "send gzip, deflate, br, zstd or identity";
    throw fault("MEDIA_TYPE_UNSUPPORTED", `content-encoding: ${name} is not taken, ${taken}`);
  }
  const body = exchange.takeBody(bodyBytesMax) ?? (await exchange.body(bodyBytesMax));
  if (decoding === undefined && body.length <= longBytesMin) return await read(body);
  await longBodies.take(source.signal);
  try {
    if (decoding === undefined) return await readOrFree(body, read);
    const reading = { messageBytesMax: bodyBytesMax, malformedCode: Code.InvalidArgument };
    const terms = { source, held: call.held };
    const plain = await decompressor.decompressed(decoding, body, reading, terms);
    return await readOrFree(plain, read);
  } finally {
    longBodies.give();
  }
}

/** A body that is refused is no one's. */
async function readOrFree<R>(
  body: Uint8Array,
  read: (body: Uint8Array) => R | Promise<R>,
): Promise<R> {
  try {
    return await read(body);
  } catch (thrown) {
    free(body);
    throw thrown;
  }
}

/**
 * What a body of JSON says, which is text only part by part. Its memory is given back where it is all
 * of a buffer, so no one may read it afterwards. Rejects with BODY_MALFORMED, BODY_TOO_LARGE for too
 * many elements, and REQUEST_INVALID that names the field or the limit.
 */
export async function jsonOf<T>(
  plan: ValuePlan,
  bytes: Uint8Array,
  limits?: JsonLimits,
): Promise<T> {
  if (bytes.length > longBytesMin) await turns.later();
  try {
    return (await readPlain(plan, utf8Parts(bytes), limits)) as T;
  } catch (thrown) {
    if (thrown instanceof NotUtf8) {
      throw fault("BODY_MALFORMED", "the body is not valid UTF-8", { cause: thrown });
    }
    return refuse(thrown);
  } finally {
    free(bytes);
  }
}
