/** Tokens of texts as the inputs that language models take. Pure. */

import type { TensorSpec } from "#backends/backend.ts";
import type { NamedTensor } from "#core/tensor.ts";

/** The tokens of one text. */
export interface TextTokens {
  readonly ids: readonly number[];
  /** Which of several texts a token belongs to; all 0 for one. */
  readonly typeIds: readonly number[];
}

/** Name of the input that holds texts, in place of the tokens that the model takes. */
export const textInputName = "text";

/** The inputs that a text becomes, as exporters of such models name them. */
export const textInputNames: readonly string[] = ["input_ids", "attention_mask", "token_type_ids"];

/** The inputs of one run, padded to the longest text; what the mask leaves out does not count. */
export function textInputs(
  texts: readonly TextTokens[],
  specs: readonly TensorSpec[],
  padId: number,
): readonly NamedTensor[] {
  const tokens = Math.max(1, ...texts.map(({ ids }) => ids.length));
  return specs.map(({ name }) => {
    const elements = new BigInt64Array(texts.length * tokens);
    for (const [row, text] of texts.entries()) {
      for (let at = 0; at < tokens; at++) {
        elements[row * tokens + at] = BigInt(elementOf(name, text, { at, padId }));
      }
    }
    const bytes = new Uint8Array(elements.buffer);
    return { name, datatype: "INT64", shape: [texts.length, tokens], bytes };
  });
}

function elementOf(
  name: string,
  { ids, typeIds }: TextTokens,
  { at, padId }: { readonly at: number; readonly padId: number },
): number {
  switch (name) {
    case "attention_mask":
      return Number(at < ids.length);
    case "token_type_ids":
      return typeIds[at] ?? 0;
    default:
      return ids[at] ?? padId;
  }
}
