/** Texts become tokens as the model's own tokenizer.json says. */

import type { Tokenizer as HubTokenizer } from "@huggingface/tokenizers";
import { fault } from "#errors/fault.ts";
import type { TextInput } from "#inference/model-spec.ts";
import type { TextTokens } from "./text-inputs.ts";

/** The tokens of a text, and how many there were besides. */
export interface EncodedText extends TextTokens {
  /** Tokens beyond the limit, which were cut off: at least so many, of a text that is very long. */
  readonly cutTokens: number;
}

/** Turns texts into tokens; takes about a millisecond for a page. */
export interface Tokenizer {
  /** Most tokens of a text. */
  readonly tokensMax: number;
  /** What a shorter text is filled up with. */
  readonly padId: number;
  encode(text: string): EncodedText;
}

/** Most tokens where neither model.yaml nor tokenizer.json says. */
const tokensMaxDefault = 512;

/**
 * Characters that are read for a token at first, and at most: few texts need more than the former, and
 * where each character is a token they take four times as long as anything else.
 */
const charactersPerToken = { first: 8, most: 64 };

/** Tokens beyond the limit that make sure that no word was cut in two below it. */
const spareTokens = 128;

/** What the library gives; its own types do not resolve. A token that it has no number for has none. */
interface Encoding {
  readonly ids: readonly (number | undefined)[];
  readonly token_type_ids?: readonly number[];
}

/** The parts of a tokenizer.json that are read here; the rest is the library's. */
interface TokenizerJson {
  readonly truncation?: { readonly max_length?: unknown } | null;
  readonly padding?: { readonly pad_id?: unknown } | null;
}

/** Reads a tokenizer.json. Throws MODEL_LOAD_FAILED when it is none. */
export async function openTokenizer(
  json: string,
  { maxTokens, prefix }: TextInput,
): Promise<Tokenizer> {
  const { Tokenizer } = await import("@huggingface/tokenizers");
  let hub: HubTokenizer;
  let parsed: TokenizerJson;
  try {
    parsed = JSON.parse(json) as TokenizerJson;
    hub = new Tokenizer(parsed, {});
    hub.encode("a");
  } catch (cause) {
    throw fault("MODEL_LOAD_FAILED", "tokenizer.json cannot be read", { cause });
  }
  const own = wholeNumber(parsed.truncation?.max_length);
  const tokensMax = maxTokens ?? own ?? tokensMaxDefault;
  const tail = tailTokens(hub);
  return {
    tokensMax,
    padId: wholeNumber(parsed.padding?.pad_id) ?? 0,
    encode(text) {
      const encoded = encodeSome(hub, prefix + text, tokensMax);
      const ids = encoded.ids.map((id) => id ?? 0);
      const typeIds = encoded.token_type_ids ?? [];
      const cutTokens = Math.max(0, ids.length - tokensMax);
      if (cutTokens === 0) return { ids, typeIds, cutTokens };
      // What closes a text, such as [SEP], stays.
      const kept = Math.max(0, tokensMax - tail);
      return {
        ids: [...ids.slice(0, kept), ...ids.slice(ids.length - tail)].slice(0, tokensMax),
        typeIds: typeIds.slice(0, tokensMax),
        cutTokens,
      };
    },
  };
}

/** The tokens of a text, of a long one at least as many as are wanted. */
function encodeSome(hub: HubTokenizer, text: string, tokensMax: number): Encoding {
  const { first, most } = charactersPerToken;
  for (let each = first; ; each *= 2) {
    const read = text.slice(0, tokensMax * each);
    const encoded: Encoding = hub.encode(read, { return_token_type_ids: true });
    const isEnough = encoded.ids.length > tokensMax + spareTokens || read.length === text.length;
    if (isEnough || each >= most) return encoded;
  }
}

/** How many tokens of its own the tokenizer puts after a text. */
function tailTokens(hub: HubTokenizer): number {
  const { ids: whole }: Encoding = hub.encode("a");
  const { ids: own }: Encoding = hub.encode("a", { add_special_tokens: false });
  const around = whole.length - own.length;
  for (let head = 0; head <= around; head++) {
    if (own.every((id, at) => whole[head + at] === id)) return around - head;
  }
  return 0;
}

function wholeNumber(value: unknown): number | undefined {
  return typeof value === "number" && Number.isInteger(value) && value >= 0 ? value : undefined;
}
