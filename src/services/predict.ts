/** PredictService: an image or tensors in, the model's labels, boxes or tensors out. */

import type { MessageInitShape } from "@bufbuild/protobuf";
import type { HandlerContext, ServiceImpl } from "@connectrpc/connect";
import type { InferResponse, ModelStatus, TensorSpec } from "#backends/backend.ts";
import { bytesFromElements } from "#core/byte-elements.ts";
import type { Clock } from "#core/clock.ts";
import { shortestFloat32 } from "#core/shortest-float.ts";
import { elementCount, type NamedTensor } from "#core/tensor.ts";
import { threeDigits } from "#core/three-digits.ts";
import { fault } from "#errors/fault.ts";
import type {
  PredictRequest,
  PredictResponseSchema,
  PredictService,
} from "#gen/polygate/v1/predict_pb.js";
import { classify } from "#inference/classification.ts";
import type { DecodeQueue } from "#inference/decode-queue.ts";
import { detectWith } from "#inference/detection.ts";
import { prepareImage } from "#inference/image.ts";
import { type ImageFrame, inputFrame } from "#inference/image-frame.ts";
import { isFiniteTensor } from "#inference/tensor-view.ts";
import { requireCaller } from "#interceptors/caller.ts";
import { callRecordKey } from "#interceptors/context.ts";
import { callersModelToRun, choiceOf } from "./model-choice.ts";
import { type RunDeps, runModel } from "./run-model.ts";
import { tensorFromWire, tensorToWire } from "./tensors.ts";
import type { UploadedFiles } from "./uploaded-files.ts";
import { requireBatch } from "./wire-tensor.ts";

/** What PredictService needs. */
export interface PredictDeps extends RunDeps {
  /** Bounds how many images are decoded at once. */
  readonly decoding: DecodeQueue;
  readonly clock: Clock;
  /** What was uploaded. */
  readonly uploads: UploadedFiles;
}

type Reply = MessageInitShape<typeof PredictResponseSchema>;

/** Most elements of the outputs for an image that come as numbers; more would take long to write. */
const readableElementsMax = 16_384;

const defaultTopK = { classification: 5, detection: 100 } as const;

/** What a request gives a model. */
interface Prepared {
  readonly inputs: readonly NamedTensor[];
  /** How boxes map to the image that was sent; undefined for tensors. */
  readonly frame: ImageFrame | undefined;
  readonly preprocessMs: number;
}

/**
 * The only input of a model elsewhere that decodes images itself: it takes bytes. Throws REQUEST_INVALID
 * for a model that has none such.
 */
function encodedInput({ name, backend, inputs }: ModelStatus): TensorSpec {
  const [input, ...others] = inputs;
  const takesBytes = input?.datatype === "BYTES" && input.shape.length <= 1;
  if (backend !== undefined && takesBytes && others.length === 0) return input;
  const description = `model "${name}" takes tensors in inputs, not images`;
  throw fault("REQUEST_INVALID", `file: ${description}`, {
    fields: [{ field: "file", description }],
  });
}

/** An image as it came. */
function encodedImage(file: Uint8Array, { name, isScalar }: TensorSpec): NamedTensor {
  const shape = isScalar === true ? [] : [1];
  return { name, datatype: "BYTES", shape, bytes: bytesFromElements([file]) };
}

/** Throws REQUEST_INVALID where an image is sent to a model that takes none. */
function requireForm({ file }: PredictRequest, status: ModelStatus): void {
  if (file.length > 0 && status.spec.image === undefined) encodedInput(status);
}

async function prepare(
  request: PredictRequest,
  status: ModelStatus,
  { clock, decoding, signal }: Pick<PredictDeps, "clock" | "decoding"> & { signal: AbortSignal },
): Promise<Prepared> {
  const { image } = status.spec;
  if (request.file.length === 0) {
    const inputs = request.inputs.map((tensor, at) => tensorFromWire(tensor, `inputs[${at}]`));
    requireBatch(status, inputs);
    return { inputs, frame: image && inputFrame(image), preprocessMs: 0 };
  }
  if (image === undefined) {
    const encoded = encodedImage(request.file, encodedInput(status));
    return { inputs: [encoded], frame: undefined, preprocessMs: 0 };
  }
  const startMs = clock.nowMs();
  const { tensor, frame } = await decoding.run(
    (claim) => prepareImage(request.file, image, claim),
    signal,
  );
  // An empty name stands for the model's only input.
  return { inputs: [{ ...tensor, name: "" }], frame, preprocessMs: clock.nowMs() - startMs };
}

/** The output of this name; a server that stands in for a model may call its only one otherwise. */
function outputNamed(outputs: readonly NamedTensor[], name: string): NamedTensor {
  const [only, ...others] = outputs;
  const output =
    outputs.find((tensor) => tensor.name === name) ?? (others.length === 0 ? only : undefined);
  if (output === undefined) {
    throw fault("MODEL_LOAD_FAILED", `model.yaml names an output "${name}" that the model lacks`);
  }
  return output;
}

/**
 * What the outputs mean, as the model declares it; undefined when they are all that can be said: the
 * model declares nothing, or what came is a batch. Throws TENSOR_INVALID when the inputs explain
 * outputs without a meaning.
 */
function interpret(
  request: PredictRequest,
  { spec }: ModelStatus,
  { inputs, outputs, frame }: Prepared & Pick<InferResponse, "outputs">,
): Pick<Reply, "classifications" | "detections"> | undefined {
  const { image, meaning, labels } = spec;
  if (meaning.kind === "tensor" || meaning.kind === "embedding") return undefined;
  const output = outputNamed(outputs, meaning.output);
  const [rows = 1, ...others] = output.shape;
  if (rows > 1 && others.length > 0) return undefined;
  checkFinite(inputs, output);
  const topK = request.topK ?? defaultTopK[meaning.kind];
  if (meaning.kind === "classification") {
    const found = classify(output, { scores: meaning.scores, labels, topK });
    return {
      classifications: found.map((one) => ({ ...one, score: shortestFloat32(one.score) })),
    };
  }
  if (frame === undefined || image === undefined) return undefined;
  const byName = (name: string) => outputNamed(outputs, name);
  const found = detectWith(
    { meaning, input: image, output: byName },
    {
      labels,
      scoreThreshold: request.scoreThreshold ?? meaning.scoreThreshold,
      iouThreshold: meaning.iouThreshold,
      topK,
      frame,
    },
  );
  return {
    detections: found.map(({ box, ...one }) => ({
      ...one,
      score: shortestFloat32(one.score),
      box: {
        xMin: shortestFloat32(box.xMin),
        yMin: shortestFloat32(box.yMin),
        xMax: shortestFloat32(box.xMax),
        yMax: shortestFloat32(box.yMax),
      },
    })),
  };
}

/** A model that gives NaN for finite inputs is broken; one that hands on the caller's is not. */
function checkFinite(inputs: readonly NamedTensor[], output: NamedTensor): void {
  // Outputs are few: inputs are looked at when something is wrong.
  if (isFiniteTensor(output)) return;
  const odd = inputs.findIndex((input) => !isFiniteTensor(input));
  if (odd < 0) return;
  const field = `inputs[${odd}]`;
  const description = "it holds NaN or infinity, and so does what the model makes of it";
  throw fault("TENSOR_INVALID", `${field}: ${description}`, { fields: [{ field, description }] });
}

/** Whether outputs are written as numbers: as the inputs were; for an image while they are few. */
function isReadable({ inputs }: PredictRequest, outputs: readonly NamedTensor[]): boolean {
  if (inputs.length > 0) return inputs.some(({ data, text }) => data.length + text.length > 0);
  const elements = outputs.reduce((sum, { shape }) => sum + elementCount(shape), 0);
  return elements <= readableElementsMax;
}

/** What the fields of a request are called that name a model. */
const fields = { model: "model", version: "version" };

async function predict(deps: PredictDeps, request: PredictRequest, context: HandlerContext) {
  const { backend, clock } = deps;
  const choice = choiceOf(request.version);
  const wanted = { model: request.model, ...choice };
  const requireFit = (model: ModelStatus) => requireForm(request, model);
  const status = await callersModelToRun(backend, wanted, context, { ...fields, requireFit });
  const { name: model } = status;
  context.values.get(callRecordKey).model = model;
  const prepared = await prepare(request, status, { ...deps, signal: context.signal });
  const done = await runModel(deps, status, { ...choice, inputs: prepared.inputs }, context);

  const interpretedMs = clock.nowMs();
  const meaning = interpret(request, status, { ...prepared, outputs: done.outputs });
  const readable = isReadable(request, done.outputs);
  const withOutputs = request.includeOutputs || meaning === undefined;
  const outputs = withOutputs ? done.outputs.map((tensor) => tensorToWire(tensor, readable)) : [];
  const postprocessMs = clock.nowMs() - interpretedMs;
  const { version } = done;
  const { preprocessMs } = prepared;
  const isPrepared = request.file.length > 0;
  backend.observe?.({ model, version, postprocessMs, ...(isPrepared && { preprocessMs }) });
  return {
    model,
    version,
    backend: done.backend,
    ...meaning,
    outputs,
    timing: {
      preprocessMs: threeDigits(preprocessMs),
      queueMs: threeDigits(done.queueMs),
      computeMs: threeDigits(done.computeMs),
      postprocessMs: threeDigits(postprocessMs),
    },
  } satisfies Reply;
}

/** One inference; an upload that it names takes the place of its id. */
async function withFile(deps: PredictDeps, request: PredictRequest, context: HandlerContext) {
  const { fileId } = request;
  if (fileId === "") return await predict(deps, request, context);
  const { uploads } = deps;
  const field = "file_id";
  const upload = await uploads.find(context.values, fileId, field);
  using _held = await uploads.hold(upload.size, context.signal);
  const file = await uploads.read(upload, field);
  return await predict(deps, { ...request, file, fileId: "" }, context);
}

/** The service on a predict backend. */
export function createPredictService(deps: PredictDeps): ServiceImpl<typeof PredictService> {
  return {
    predict: (request, context) => withFile(deps, request, context),
    async *streamPredict(requests, context) {
      for await (const request of requests) {
        requireCaller(context.values);
        yield await withFile(deps, request, context);
      }
    },
  };
}
