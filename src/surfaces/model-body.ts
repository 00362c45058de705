/** Reads the bodies of calls for model servers: bounded, decompressed, and text only as far as it is one. */

import { Code } from "@connectrpc/connect";
import { turns } from "#core/turns.ts";
import { fault } from "#errors/fault.ts";
import type { Exchange } from "#exchange/exchange.ts";
import type { JsonLimits } from "#json/limits.ts";
import { readPlain } from "#json/reader.ts";
import type { ValuePlan } from "#json/run.ts";
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

/**
 * The body without its coding. Rejects with MEDIA_TYPE_UNSUPPORTED for a coding that is not known, and
 * as reading the exchange and decompressing do.
 */
export async function bodyOf(
  exchange: Exchange,
  call: ExchangeCall,
  { bodyBytesMax, decompressor }: BodyTerms,
  source: { readonly signal: AbortSignal } = call,
): Promise<Uint8Array> {
  const name = exchange.header("content-encoding")?.trim().toLowerCase() ?? "identity";
  const decoding = name === "identity" || name === "" ? undefined : decodingOf(name);
  if (decoding === undefined && name !== "identity" && name !== "") {
    const taken = "send gzip, deflate, br, zstd or identity";
    throw fault("MEDIA_TYPE_UNSUPPORTED", `content-encoding: ${name} is not taken, ${taken}`);
  }
  const body = exchange.takeBody(bodyBytesMax) ?? (await exchange.body(bodyBytesMax));
  if (decoding === undefined) return body;
  const reading = { messageBytesMax: bodyBytesMax, malformedCode: Code.InvalidArgument };
  return await decompressor.decompressed(decoding, body, reading, { source, held: call.held });
}

/** Decoding more than this takes so long that others go first before it is read, in bytes. */
const decodedBytesMax = 1024 * 1024;

function textOf(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    throw fault("BODY_MALFORMED", "the body is not valid UTF-8", { cause });
  }
}

/**
 * What a body of JSON says. Rejects with BODY_MALFORMED, BODY_TOO_LARGE for too many elements, and
 * REQUEST_INVALID that names the field or the limit.
 */
export async function jsonOf<T>(
  plan: ValuePlan,
  bytes: Uint8Array,
  limits?: JsonLimits,
): Promise<T> {
  const text = textOf(bytes);
  if (bytes.length > decodedBytesMax) await turns.later();
  try {
    return (await readPlain(plan, text, limits)) as T;
  } catch (thrown) {
    return refuse(thrown);
  }
}
