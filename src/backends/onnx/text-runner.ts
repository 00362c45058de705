/** Texts through a language model: tokens, runs of texts of like length, vectors or rows of scores. */

import type { BackendCall, TextVectors } from "#backends/backend.ts";
import type { Clock } from "#core/clock.ts";
import type { NamedTensor } from "#core/tensor.ts";
import { turns } from "#core/turns.ts";
import { fault } from "#errors/fault.ts";
import { pooledVectors } from "#inference/pooling.ts";
import { textsOf } from "#inference/tensor-text.ts";
import type { Inferred } from "./inference-queue.ts";
import type { Serving } from "./serving.ts";
import { textInputName, textInputs } from "./text-inputs.ts";
import type { EncodedText, Tokenizer } from "./tokenizer.ts";

/** Runs one batch of inputs and counts it. */
export type RunBatch = (inputs: readonly NamedTensor[]) => Promise<Inferred>;

/** What runs texts. */
export interface TextRun {
  readonly run: RunBatch;
  readonly call: BackendCall;
  readonly clock: Pick<Clock, "nowMs">;
}

/** Time around the runs of a call. */
export interface TextTimes {
  /** Making tokens. */
  readonly preprocessMs: number;
  /** Making vectors. */
  readonly postprocessMs: number;
}

/** Batches of one call that wait or run at one time: the others of its model have their turn too. */
const batchesMax = 2;

/** Whether the inputs are texts for a model that takes tokens; a lone input needs no name. */
export function isText(inputs: readonly NamedTensor[], { tokenizer }: Serving): boolean {
  const [input, ...others] = inputs;
  return (
    tokenizer !== undefined &&
    others.length === 0 &&
    input?.datatype === "BYTES" &&
    (input.name === textInputName || input.name === "")
  );
}

/** The texts of such an input. Throws TENSOR_INVALID. */
export function textsFrom(inputs: readonly NamedTensor[]): readonly string[] {
  const [input] = inputs;
  if (input === undefined) return [];
  const read = textsOf(input);
  const problem = read.ok ? shapeProblem(input, read.texts) : read.problem;
  if (read.ok && problem === undefined) return read.texts;
  const description = `"${textInputName}": ${problem}`;
  throw fault("TENSOR_INVALID", `inputs[0]: ${description}`, {
    fields: [{ field: "inputs[0]", description }],
  });
}

function shapeProblem({ shape }: NamedTensor, texts: readonly string[]): string | undefined {
  if (shape.length !== 1) return `is BYTES [texts], not [${shape.join(", ")}]`;
  return texts.length === 0 ? "has no text" : undefined;
}

/** A text with its place among those that were sent. */
interface Placed {
  readonly at: number;
  readonly encoded: EncodedText;
}

/** A vector for each text, in order. Rejects like `infer`, and with the signal's reason. */
export async function embedTexts(
  texts: readonly string[],
  serving: Serving,
  { run, call, clock }: TextRun,
): Promise<Omit<TextVectors, "version"> & TextTimes> {
  const { meaning } = serving.spec;
  if (meaning.kind !== "embedding" || serving.tokenizer === undefined) {
    throw fault("OPERATION_UNSUPPORTED", `model "${serving.model}" makes no embeddings`);
  }
  const { pooling, normalize, output: name } = meaning;
  const vectors: Float32Array[] = [];
  const startMs = clock.nowMs();
  const encoded = await encodedOf(texts, serving.tokenizer, call.signal);
  const preprocessMs = clock.nowMs() - startMs;
  let postprocessMs = 0;
  await runBatches(encoded, serving, async (batch, inputs) => {
    const { outputs } = await run(inputs);
    const ranMs = clock.nowMs();
    const counts = batch.map((one) => one.encoded.ids.length);
    const made = pooledVectors(namedOutput(outputs, name), counts, { pooling, normalize });
    for (const [index, { at }] of batch.entries()) vectors[at] = made[index] ?? new Float32Array();
    postprocessMs += clock.nowMs() - ranMs;
  });
  return {
    ...{ preprocessMs, postprocessMs },
    vectors,
    tokens: encoded.reduce((sum, { ids }) => sum + ids.length, 0),
    cutTexts: encoded.filter(({ cutTokens }) => cutTokens > 0).length,
    cutTokens: encoded.reduce((sum, { cutTokens }) => sum + cutTokens, 0),
  };
}

/** The outputs of a model that gives rows of scores: one run, a row for each text. */
export async function scoreTexts(
  texts: readonly string[],
  serving: Serving,
  { run, call, clock }: TextRun,
): Promise<Inferred & Pick<TextTimes, "preprocessMs">> {
  const { tokenizer } = serving;
  if (tokenizer === undefined) throw fault("TENSOR_INVALID", "the model takes no texts");
  const startMs = clock.nowMs();
  const encoded = await encodedOf(texts, tokenizer, call.signal);
  const preprocessMs = clock.nowMs() - startMs;
  const inferred = await run(textInputs(encoded, serving.signature.inputs, tokenizer.padId));
  return { ...inferred, preprocessMs };
}

/** Tokens of each text; between two texts others have their turn. */
async function encodedOf(
  texts: readonly string[],
  tokenizer: Tokenizer,
  signal: AbortSignal,
): Promise<readonly EncodedText[]> {
  const encoded: EncodedText[] = [];
  for (const text of texts) {
    await turns.next();
    signal.throwIfAborted();
    encoded.push(tokenizer.encode(text));
  }
  return encoded;
}

/** Hands out batches of texts of like length, so that little is filled up for nothing. */
async function runBatches(
  encoded: readonly EncodedText[],
  { rowsMax, signature, tokenizer }: Serving,
  work: (batch: readonly Placed[], inputs: readonly NamedTensor[]) => Promise<void>,
): Promise<void> {
  const byLength = encoded
    .map((one, at) => ({ at, encoded: one }))
    .sort((a, b) => a.encoded.ids.length - b.encoded.ids.length);
  const next = async (): Promise<void> => {
    for (let batch = take(); batch.length > 0; batch = take()) {
      const tokens = batch.map((one) => one.encoded);
      try {
        await work(batch, textInputs(tokens, signature.inputs, tokenizer?.padId ?? 0));
      } catch (error) {
        // The call has failed: no one waits for the rest of it.
        byLength.length = 0;
        throw error;
      }
    }
  };
  const take = () => byLength.splice(0, rowsMax);
  await Promise.all(Array.from({ length: batchesMax }, next));
}

/** Vectors as one tensor, [texts, size]. */
export function vectorTensor(name: string, vectors: readonly Float32Array[]): NamedTensor {
  const size = vectors[0]?.length ?? 0;
  const elements = new Float32Array(vectors.length * size);
  for (const [row, vector] of vectors.entries()) elements.set(vector, row * size);
  const bytes = new Uint8Array(elements.buffer);
  return { name, datatype: "FP32", shape: [vectors.length, size], bytes };
}

function namedOutput(outputs: readonly NamedTensor[], name: string): NamedTensor {
  const output = outputs.find((one) => one.name === name);
  if (output === undefined) throw fault("BACKEND_FAILED", `the model gave no "${name}"`);
  return output;
}
