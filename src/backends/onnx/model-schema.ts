/** The keys of a model.yaml: what each takes, and its default. */

import { z } from "zod";
import type { JsonSchema } from "#yaml/json-schema.ts";
import {
  duration,
  flag,
  numberBetween,
  positiveNumber,
  share,
  size,
  text,
  wholeNumber,
} from "#yaml/scalar.ts";

const pixels = () => wholeNumber(1, 8192);
const channelsMax = 3;
const perChannel = <T extends z.ZodType>(element: T) => z.array(element).min(1).max(channelsMax);
const element = () => numberBetween(-1e9, 1e9);
const tensorName = () => text("the name of a tensor");
const fileName = () => text("the name of a file next to model.yaml", /^\w[\w.-]*$/);
const alias = () =>
  text(
    "letters, digits and . _ : / -, the first a letter or digit",
    /^[A-Za-z0-9][\w.:/-]{0,255}$/,
  );

const version = () => wholeNumber(0, 999_999_999_999_999).transform(String);

const image = z.strictObject({
  width: pixels(),
  height: pixels(),
  color: z.enum(["rgb", "bgr", "gray"]).default("rgb"),
  layout: z.enum(["NCHW", "NHWC"]).default("NCHW"),
  datatype: z.enum(["FP32", "FP16", "UINT8"]).default("FP32"),
  fit: z.enum(["stretch", "contain", "cover"]).default("stretch"),
  pad: wholeNumber(0, 255).prefault(0),
  invert: z.enum(["never", "auto"]).default("never"),
  mean: perChannel(element()).optional(),
  std: perChannel(positiveNumber(1e9)).optional(),
});

const textInput = z.strictObject({
  max_tokens: wholeNumber(1, 1_000_000).optional(),
  prefix: z.string().max(1024).default(""),
});

const scores = ["logits", "sigmoid", "probabilities"] as const;
const threshold = (fallback: number) => numberBetween(0, 1).prefault(fallback);

const output = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("classification"),
    name: tensorName(),
    scores: z.enum(scores).default("logits"),
  }),
  z.strictObject({
    kind: z.literal("detection"),
    name: tensorName(),
    head: z.enum(["yolo", "yolo_objectness", "ssd"]).default("yolo"),
    score_threshold: threshold(0.25),
    iou_threshold: threshold(0.45),
    scores_name: tensorName().optional(),
    classes_name: tensorName().optional(),
    scores: z.enum(scores).optional(),
    box: z.enum(["xyxy", "yxyx", "cxcywh"]).optional(),
    unit: z.enum(["pixels", "share"]).optional(),
    background: flag().optional(),
  }),
  z.strictObject({
    kind: z.literal("embedding"),
    name: tensorName(),
    pooling: z.enum(["mean", "cls", "none"]).default("mean"),
    normalize: flag().prefault(true),
  }),
  z.strictObject({ kind: z.literal("tensor") }),
]);

const tensor = z.strictObject({
  name: tensorName(),
  datatype: text("a datatype such as FP32", /^[A-Z0-9]{3,8}$/).optional(),
  shape: z
    .array(wholeNumber(-1, 2 ** 31 - 1))
    .max(16)
    .optional(),
});

/** Which versions are served, as it is written. */
const versions = z.union(
  [
    z.enum(["latest", "all"]),
    z.strictObject({ latest: wholeNumber(1, 100) }),
    z.array(version()).min(1).max(100),
  ],
  { error: "expected latest, all, { latest: 2 } or a list of versions" },
);

/** A label of a version, or a version. */
const versionName = z.union([z.string(), z.number().transform(String)], {
  error: "expected a label or a version",
});

/** The schema of the file. */
export const modelSchema = z.strictObject({
  description: z.string().max(1024).default(""),
  aliases: z.array(alias()).max(100).default([]),
  inputs: z.array(tensor).max(64).default([]),
  outputs: z.array(tensor).max(64).default([]),
  image: image.optional(),
  text: textInput.optional(),
  output: output.default({ kind: "tensor" }),
  labels: z
    .array(
      z.union([z.string().max(1024), z.number().transform(String)], { error: "expected text" }),
    )
    .min(1)
    .optional(),
  labels_file: fileName().optional(),
  versions: versions.default("latest"),
  version_labels: z.record(z.string(), version()).default({}),
  split: z.record(z.string(), positiveNumber(1_000_000)).optional(),
  shadow: z.strictObject({ to: versionName, share: share() }).optional(),
  cache: flag().prefault(false),
  batch_max: wholeNumber(1, 1024).optional(),
  warm_up_runs: wholeNumber(0, 100).prefault(1),
  instances: wholeNumber(1, 256).optional(),
  isolation: z.enum(["thread", "process"]).default("thread"),
  run_timeout: duration("1h").optional(),
  memory_max: size("1024GB").optional(),
});

/** What a model.yaml that keeps to its schema says. */
export type RawModel = z.infer<typeof modelSchema>;

/** JSON Schema of what may be written. */
export function modelJsonSchema(): JsonSchema {
  return z.toJSONSchema(modelSchema, { io: "input" }) as JsonSchema;
}
