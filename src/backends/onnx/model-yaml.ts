/** Reads the text of a model.yaml: strict, and every problem at once by the key it is about. Pure. */

import { parseDocument } from "yaml";
import { z } from "zod";
import { fault } from "#errors/fault.ts";
import type { ImageInput, ModelSpec, OutputMeaning } from "#inference/model-spec.ts";
import { channelCount } from "#inference/pixels.ts";

/** What a model.yaml says; labels are still to be read when they are in a file of their own. */
export interface ModelYaml {
  readonly spec: ModelSpec;
  /** Name of a file next to model.yaml; absent when the labels are in `spec`, or there are none. */
  readonly labelsFile?: string;
}

/** What holds for a model without a model.yaml: tensors in, tensors out, one at a time. */
export const plainSpec: ModelSpec = {
  aliases: [],
  description: "",
  labels: [],
  meaning: { kind: "tensor" },
  batchMax: 1,
  warmUpRuns: 1,
};

const rowsMaxOfImages = 8;

const pixels = z.int().min(1).max(8192);
const share = z.number().min(0).max(1);
const perChannel = z.array(z.number()).min(1).max(3);
const label = z.union([z.string(), z.number().transform(String)]);

const imageSchema = z.strictObject({
  width: pixels,
  height: pixels,
  color: z.enum(["rgb", "bgr", "gray"]).default("rgb"),
  layout: z.enum(["NCHW", "NHWC"]).default("NCHW"),
  fit: z.enum(["stretch", "contain", "cover"]).default("stretch"),
  pad: z.int().min(0).max(255).default(0),
  invert: z.enum(["never", "auto"]).default("never"),
  mean: perChannel.optional(),
  std: z.array(z.number().positive()).min(1).max(3).optional(),
});

const outputSchema = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("classification"),
    name: z.string().min(1),
    scores: z.enum(["logits", "probabilities"]).default("logits"),
  }),
  z.strictObject({
    kind: z.literal("detection"),
    name: z.string().min(1),
    score_threshold: share.default(0.25),
    iou_threshold: share.default(0.45),
  }),
  z.strictObject({ kind: z.literal("tensor") }),
]);

const modelSchema = z.strictObject({
  description: z.string().default(""),
  aliases: z
    .array(z.string().regex(/^[A-Za-z0-9][\w.:/-]{0,255}$/, "letters, digits and . _ : / -"))
    .default([]),
  image: imageSchema.optional(),
  output: outputSchema.default({ kind: "tensor" }),
  labels: z.array(label).min(1).optional(),
  labels_file: z
    .string()
    .regex(/^\w[\w.-]*$/, "the name of a file next to model.yaml")
    .optional(),
  batch_max: z.int().min(1).max(1024).optional(),
  warm_up_runs: z.int().min(0).max(100).default(1),
});

type RawModel = z.infer<typeof modelSchema>;

/** Throws MODEL_LOAD_FAILED with every problem, each named by its key. */
export function parseModelYaml(text: string): ModelYaml {
  const document = parseDocument(text, { prettyErrors: true });
  const [syntaxError] = document.errors;
  if (syntaxError !== undefined) throw yamlFault([syntaxError.message.split("\n")[0] ?? ""]);
  const parsed = modelSchema.safeParse(document.toJS() ?? {});
  if (!parsed.success) throw yamlFault(parsed.error.issues.flatMap(problemsOf));
  const raw = parsed.data;
  const problems = conflicts(raw);
  if (problems.length > 0) throw yamlFault(problems);
  const spec: ModelSpec = {
    aliases: raw.aliases,
    description: raw.description,
    labels: raw.labels ?? [],
    ...(raw.image === undefined ? {} : { image: imageInput(raw.image) }),
    meaning: meaningOf(raw.output),
    batchMax: raw.batch_max ?? (raw.image === undefined ? 1 : rowsMaxOfImages),
    warmUpRuns: raw.warm_up_runs,
  };
  return raw.labels_file === undefined ? { spec } : { spec, labelsFile: raw.labels_file };
}

/** What is wrong across keys. */
function conflicts({ image, output, labels, labels_file: labelsFile }: RawModel): string[] {
  const problems: string[] = [];
  if (labels !== undefined && labelsFile !== undefined) {
    problems.push("labels_file: set either this or labels");
  }
  if (output.kind !== "tensor" && labels === undefined && labelsFile === undefined) {
    problems.push(`labels: needed for ${output.kind}`);
  }
  if (output.kind === "detection" && image === undefined) {
    problems.push("image: needed for detection, whose boxes are in its pixels");
  }
  for (const key of ["mean", "std"] as const) {
    const given = image?.[key]?.length;
    if (image === undefined || given === undefined) continue;
    const needed = channelCount(image.color);
    if (given !== needed) problems.push(`image.${key}: ${given} numbers for ${needed} channels`);
  }
  return problems;
}

function imageInput(image: NonNullable<RawModel["image"]>): ImageInput {
  const channels = channelCount(image.color);
  return {
    ...image,
    mean: image.mean ?? Array.from({ length: channels }, () => 0),
    std: image.std ?? Array.from({ length: channels }, () => 1),
  };
}

function meaningOf(output: RawModel["output"]): OutputMeaning {
  switch (output.kind) {
    case "classification":
      return { kind: output.kind, output: output.name, scores: output.scores };
    case "detection":
      return {
        kind: output.kind,
        output: output.name,
        scoreThreshold: output.score_threshold,
        iouThreshold: output.iou_threshold,
      };
    case "tensor":
      return { kind: output.kind };
  }
}

function problemsOf(issue: z.core.$ZodIssue): string[] {
  return issue.code === "unrecognized_keys"
    ? issue.keys.map((key) => `${[...issue.path, key].join(".")}: unknown key`)
    : [`${issue.path.join(".") || "model"}: ${issue.message}`];
}

function yamlFault(problems: readonly string[]) {
  return fault("MODEL_LOAD_FAILED", `model.yaml: ${problems.join("; ")}`);
}
