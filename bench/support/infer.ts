/** The model that inference is measured with, and the calls that ask for it. */

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { create, toBinary } from "@bufbuild/protobuf";
import sharp from "sharp";
import { PredictRequestSchema } from "#gen/polygate/v1/predict_pb.js";
import { convolutions } from "../../test/support/onnx-models.ts";
import { benchKey, framed } from "./chat.ts";
import type { Call } from "./load.ts";
import { folder } from "./programs.ts";

/** Threads that run the model, and inferences that run as one. */
export const workers = 2;
export const batchMax = 8;

const side = 64;
const name = "convolutions";
const labels = Array.from({ length: 10 }, (_, index) => `label ${index}`);
const meaning = {
  image: { width: side, height: side },
  output: { kind: "classification", name: "scores" },
  labels,
  batch_max: batchMax,
};

/** The shape of one row. */
export const rowShape = [3, side, side] as const;

/** A model repository of one model. */
export function modelFolder(): string {
  const path = join(folder, "models");
  mkdirSync(join(path, name, "1"), { recursive: true });
  writeFileSync(join(path, name, "model.yaml"), JSON.stringify(meaning));
  writeFileSync(modelFile(path), convolutions(side, 32, 4));
  return path;
}

/** The file of the model itself. */
export function modelFile(path: string): string {
  return join(path, name, "1/model.onnx");
}

const fields = [
  ["content-type", "application/grpc"],
  ["te", "trailers"],
  ["authorization", `Bearer ${benchKey}`],
] as const;

/** One row of a model as raw floats, over gRPC. */
export function tensorCall(model = name, shape: readonly number[] = [1, ...rowShape]): Call {
  const raw = new Uint8Array(4 * shape.reduce((all, size) => all * size, 1));
  const input = { name: "x", datatype: "FP32", shape: [...shape], raw };
  const request = create(PredictRequestSchema, { model, inputs: [input] });
  return {
    wire: "h2c",
    path: "/polygate.v1.PredictService/Predict",
    fields,
    body: framed(toBinary(PredictRequestSchema, request)),
    expects: "label",
  };
}

/** A photograph of two megapixels as JPEG, over gRPC. */
export async function imageCall(): Promise<Call> {
  const width = 1920;
  const height = 1080;
  const pixels = Buffer.alloc(width * height * 3);
  for (let at = 0; at < pixels.length; at += 1) {
    pixels[at] = 128 + 96 * Math.sin(at / 977) + ((at * 31) % 23);
  }
  const file = await sharp(pixels, { raw: { width, height, channels: 3 } })
    .jpeg()
    .toBuffer();
  const request = create(PredictRequestSchema, { model: name, file });
  return { ...tensorCall(), body: framed(toBinary(PredictRequestSchema, request)) };
}
