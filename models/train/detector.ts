/** The digit detector: its network, how it is trained, and how its raw output becomes boxes. */

import { type Rng, seededRng } from "#core/rng.ts";
import { type Detection, detect } from "#inference/detection.ts";
import { inputFrame } from "#inference/image-frame.ts";
import { softmax } from "./classification-loss.ts";
import type { Sample } from "./data.ts";
import { cellOutputs, cellSide, detectionLoss, gridSide, typicalSide } from "./detection-loss.ts";
import { exportOnnx, floats, integers, node, type Tail } from "./export-onnx.ts";
import { conv, relu } from "./layers.ts";
import { type Course, learn, type Task } from "./learn.ts";
import { infer, type Network } from "./network.ts";
import { drawScene, type PlacedDigit, type Scene, sceneSide } from "./scene.ts";

/** What a training run may choose. */
export interface DetectorTraining {
  readonly seed: number;
  /** How many scenes are drawn and learned from, each one once. */
  readonly scenes: number;
  readonly report: Course["report"];
}

const cells = gridSide * gridSide;
const boxRows = 14;
const batchSize = 16;
const learningRate = 0.002;
const weightDecay = 0.01;

/** Convolutions of 3 by 3: channels that each gives, and pixels that it moves at a time. */
const stages = [
  { channels: 16, stride: 2 },
  { channels: 24, stride: 2 },
  { channels: 48, stride: 2 },
  { channels: 48, stride: 1 },
  { channels: 48, stride: 1 },
  { channels: 48, stride: 1 },
] as const;

/** Three halvings down to the grid, three convolutions over it, then the raw outputs of each cell. */
function detectorNetwork(rng: Rng): Network {
  const image = { channels: 1, height: sceneSide, width: sceneSide };
  const body: Network[number][] = [];
  for (const { channels, stride } of stages) {
    const input = body.at(-1)?.output ?? image;
    const next = conv(input, { channels, kernel: 3, stride, padding: 1 }, rng);
    body.push(next, relu(next.output));
  }
  const head = conv(
    body.at(-1)?.output ?? image,
    { channels: cellOutputs, kernel: 1, stride: 1, padding: 0 },
    rng,
  );
  return [...body, head];
}

/** A network trained on scenes of `samples`. The same samples and options give the same weights. */
export function trainDetector(samples: readonly Sample[], options: DetectorTraining): Network {
  const rng = seededRng(options.seed);
  const network = detectorNetwork(rng);
  learn(network, detectorTask(samples, rng), {
    steps: Math.floor(options.scenes / batchSize),
    learningRate,
    weightDecay,
    report: options.report,
    reportEvery: 100,
  });
  return network;
}

/** Scenes of `samples`, the same ones for the same seed. */
export function drawScenes(samples: readonly Sample[], count: number, seed: number): Scene[] {
  const rng = seededRng(seed);
  return Array.from({ length: count }, () => drawScene(samples, rng));
}

/** What the network finds in a scene, read the way the gateway reads the model's output. */
export function findDigits(
  network: Network,
  { picture }: Pick<Scene, "picture">,
  scoreThreshold: number,
): Detection[] {
  const boxes = decodeBoxes(infer(network, picture.pixels));
  const bytes = new Uint8Array(boxes.buffer);
  return detect(
    { datatype: "FP32", shape: [1, boxRows, cells], bytes },
    {
      labels: Array.from({ length: 10 }, (_, label) => `${label}`),
      scoreThreshold,
      iouThreshold: 0.45,
      topK: 100,
      frame: inputFrame({ width: sceneSide, height: sceneSide }),
    },
  );
}

/** Boxes [14, cells] from the raw outputs [15, cells] of one scene: what the exported tail computes. */
function decodeBoxes(raw: Float32Array): Float32Array {
  const boxes = new Float32Array(boxRows * cells);
  for (let cell = 0; cell < cells; cell += 1) {
    const at = (row: number) => raw[row * cells + cell] ?? 0;
    const presence = 1 / (1 + Math.exp(-at(4)));
    const scores = softmax(Float32Array.from({ length: 10 }, (_, label) => at(5 + label)));
    const column = [
      (at(0) + (cell % gridSide) + 0.5) * cellSide,
      (at(1) + Math.floor(cell / gridSide) + 0.5) * cellSide,
      Math.exp(at(2)) * typicalSide,
      Math.exp(at(3)) * typicalSide,
      ...scores.map((score) => score * presence),
    ];
    column.forEach((value, row) => {
      boxes[row * cells + cell] = value;
    });
  }
  return boxes;
}

/** The network as a file: `image` [batch, 1, 96, 96] to `boxes` [batch, 14, 144]. */
export function exportDetector(network: Network): Uint8Array {
  return exportOnnx(network, {
    name: "digit-detector",
    input: "image",
    output: "boxes",
    outputShape: [boxRows, cells],
    tail: decodingTail,
  });
}

function decodingTail(from: string): Tail {
  const middles = Float32Array.from({ length: 2 * cells }, (_, at) => {
    const cell = at % cells;
    return (at < cells ? cell % gridSide : Math.floor(cell / gridSide)) + 0.5;
  });
  return {
    nodes: [
      node("Reshape", [from, "columns"], "raw"),
      {
        ...node("Split", ["raw", "parts"], "shift", { axis: 1 }),
        output: ["shift", "size", "presence", "classes"],
      },
      node("Add", ["shift", "middles"], "centreInCells"),
      node("Mul", ["centreInCells", "cellSide"], "centre"),
      node("Exp", ["size"], "sizeInTypical"),
      node("Mul", ["sizeInTypical", "typicalSide"], "widthAndHeight"),
      node("Sigmoid", ["presence"], "present"),
      node("Softmax", ["classes"], "named", { axis: 1 }),
      node("Mul", ["named", "present"], "scores"),
      node("Concat", ["centre", "widthAndHeight", "scores"], "boxes", { axis: 1 }),
    ],
    constants: [
      integers("columns", [0, cellOutputs, cells]),
      integers("parts", [2, 2, 1, 10]),
      floats("middles", middles, [1, 2, cells]),
      floats("cellSide", Float32Array.of(cellSide), []),
      floats("typicalSide", Float32Array.of(typicalSide), []),
    ],
  };
}

function detectorTask(samples: readonly Sample[], rng: Rng): Task<(readonly PlacedDigit[])[]> {
  return {
    next() {
      const scenes = Array.from({ length: batchSize }, () => drawScene(samples, rng));
      const inputs = new Float32Array(batchSize * sceneSide * sceneSide);
      scenes.forEach(({ picture: { pixels } }, at) => {
        inputs.set(pixels, at * pixels.length);
      });
      return { inputs, targets: scenes.map(({ digits }) => digits) };
    },
    loss: detectionLoss,
  };
}
