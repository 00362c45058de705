/** Reads a model.yaml: strict, and every problem at once with its line, its key and a hint. Pure. */

import { fault } from "#errors/fault.ts";
import type {
  ImageInput,
  ModelSpec,
  OutputMeaning,
  SsdOutputs,
  TextInput,
} from "#inference/model-spec.ts";
import { channelCount } from "#inference/pixels.ts";
import { type Draft, emptyDraft, placeOf } from "#yaml/draft.ts";
import { issueMessage, problemsFrom } from "#yaml/findings.ts";
import { nearest } from "#yaml/nearest.ts";
import { type Path, type Problem, pathText, problemText } from "#yaml/problem.ts";
import { readOnce } from "#yaml/read-once.ts";
import { sourceFrom } from "#yaml/source.ts";
import { modelJsonSchema, modelSchema, type RawModel } from "./model-schema.ts";
import { isVersion, plainPlan, type ServingPlan, type VersionPolicy } from "./serving-plan.ts";

/** Name of the file. */
export const yamlFile = "model.yaml";

/** An input or output as a model.yaml describes it; what it leaves out may be anything. */
export interface DescribedTensor {
  readonly name: string;
  readonly datatype?: string | undefined;
  readonly shape?: readonly number[] | undefined;
}

/** What a model.yaml says; labels are still to be read when they are in a file of their own. */
export interface ModelYaml {
  readonly spec: ModelSpec;
  readonly plan: ServingPlan;
  /** What the graph must have, where the file says so. */
  readonly inputs: readonly DescribedTensor[];
  readonly outputs: readonly DescribedTensor[];
  /** Name of a file next to model.yaml; absent when the labels are in `spec`, or there are none. */
  readonly labelsFile?: string;
  /** Where each key stands, for what is found to be wrong later. */
  readonly draft: Draft;
}

/** Something wrong with a model, by the key to look at. */
export interface Finding {
  readonly path: Path;
  readonly message: string;
  readonly hint?: string | undefined;
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

/** What no model.yaml says. */
export const plainYaml: ModelYaml = {
  spec: plainSpec,
  plan: plainPlan,
  inputs: [],
  outputs: [],
  draft: emptyDraft(),
};

const rowsMaxOfImages = 8;
const rowsMaxOfTexts = 16;

/** MODEL_LOAD_FAILED with every finding at its place, in the format of the gateway's own configuration. */
export function yamlFault(findings: readonly Finding[], draft: Draft) {
  return problemsFault(
    findings.map(({ path, message, hint }) => ({
      where: placeOf(draft, path) ?? yamlFile,
      path: pathText(path),
      message,
      ...(hint !== undefined && { hint }),
    })),
  );
}

function problemsFault(problems: readonly Problem[]) {
  return fault("MODEL_LOAD_FAILED", problems.map(problemText).join("; "));
}

/** Throws MODEL_LOAD_FAILED with every problem. */
export function parseModelYaml(yaml: Uint8Array): ModelYaml {
  const { draft, problems } = sourceFrom(yaml, yamlFile);
  if (problems.length > 0) throw problemsFault(problems);
  const parsed = modelSchema.safeParse(draft.root, { error: issueMessage, ...readOnce });
  if (!parsed.success) {
    throw problemsFault(problemsFrom(parsed.error.issues, draft, modelJsonSchema));
  }
  const raw = parsed.data;
  const found = conflicts(raw);
  if (found.length > 0) throw yamlFault(found, draft);
  return {
    spec: specOf(raw),
    plan: planOf(raw),
    inputs: raw.inputs,
    outputs: raw.outputs,
    draft,
    ...(raw.labels_file !== undefined && { labelsFile: raw.labels_file }),
  };
}

function specOf(raw: RawModel): ModelSpec {
  const { image, text, labels = [] } = raw;
  const batchMax = text === undefined ? rowsMaxOfImages : rowsMaxOfTexts;
  return {
    aliases: raw.aliases,
    description: raw.description,
    labels,
    ...(image !== undefined && { image: imageInput(image) }),
    ...(text !== undefined && { text: textInput(text) }),
    meaning: meaningOf(raw.output),
    batchMax: raw.batch_max ?? (image === undefined && text === undefined ? 1 : batchMax),
    warmUpRuns: raw.warm_up_runs,
  };
}

function planOf(raw: RawModel): ServingPlan {
  const { instances, run_timeout: runTimeoutMs, memory_max: memoryBytesMax } = raw;
  return {
    policy: policyOf(raw.versions),
    labels: new Map(Object.entries(raw.version_labels)),
    split: Object.entries(raw.split ?? {}).map(([to, weight]) => ({ to, weight })),
    ...(raw.shadow !== undefined && { shadow: raw.shadow }),
    isCached: raw.cache,
    isolation: raw.isolation,
    ...(instances !== undefined && { instances }),
    ...(runTimeoutMs !== undefined && { runTimeoutMs }),
    ...(memoryBytesMax !== undefined && { memoryBytesMax }),
  };
}

function policyOf(written: RawModel["versions"]): VersionPolicy {
  if (written === "all") return { kind: "all" };
  if (written === "latest") return { kind: "latest", count: 1 };
  return "latest" in written
    ? { kind: "latest", count: written.latest }
    : { kind: "only", versions: written };
}

type DetectionOutput = Extract<RawModel["output"], { kind: "detection" }>;

/** What is wrong across keys. */
function conflicts(raw: RawModel): Finding[] {
  const { output } = raw;
  return [
    ...meaningConflicts(raw),
    ...(output.kind === "detection" ? headConflicts(output) : []),
    ...imageConflicts(raw),
    ...servingConflicts(raw),
  ];
}

function meaningConflicts(raw: RawModel): Finding[] {
  const { image, text, output, labels, labels_file: labelsFile } = raw;
  const findings: Finding[] = [];
  if (labels !== undefined && labelsFile !== undefined) {
    findings.push({ path: ["labels_file"], message: "is set besides `labels`", hint: "keep one" });
  }
  if (image !== undefined && text !== undefined) {
    findings.push({ path: ["text"], message: "is set besides `image`", hint: "keep one" });
  }
  if (output.kind === "detection" && image === undefined) {
    const hint = "set `image`: boxes are in its pixels";
    findings.push({ path: ["output", "kind"], message: "needs `image`", hint });
  }
  if (output.kind === "embedding" && text === undefined) {
    findings.push({ path: ["output", "kind"], message: "needs `text`", hint: "set `text: {}`" });
  }
  return findings;
}

/** Keys of a head whose scores are in a tensor of their own. */
const ssdKeys = ["scores_name", "classes_name", "scores", "box", "unit", "background"] as const;

function headConflicts(output: DetectionOutput): Finding[] {
  const { head, scores_name: scoresName } = output;
  if (head === "ssd") {
    const path = ["output", "scores_name"];
    return scoresName === undefined ? [{ path, message: "is required for head ssd" }] : [];
  }
  const hint = "set `head: ssd`, or leave it out";
  return ssdKeys
    .filter((key) => output[key] !== undefined)
    .map((key) => ({ path: ["output", key], message: `is not for head ${head}`, hint }));
}

function imageConflicts({ image }: RawModel): Finding[] {
  const findings: Finding[] = [];
  for (const key of ["mean", "std"] as const) {
    const given = image?.[key]?.length;
    if (image === undefined || given === undefined) continue;
    const path = ["image", key];
    if (image.datatype === "UINT8") {
      const hint = "leave it out, or set `datatype: FP32`";
      findings.push({ path, message: "is not for UINT8, which takes levels as they are", hint });
      continue;
    }
    const needed = channelCount(image.color);
    if (given !== needed)
      findings.push({ path, message: `has ${given} numbers for ${needed} channels` });
  }
  return findings;
}

const labelPattern = /^[A-Za-z][\w-]{0,63}$/;

function servingConflicts(raw: RawModel): Finding[] {
  const labels = Object.keys(raw.version_labels);
  const findings: Finding[] = [];
  for (const label of labels) {
    if (labelPattern.test(label)) continue;
    const message = "is no label: a letter, then letters, digits, _ and -";
    findings.push({ path: ["version_labels", label], message });
  }
  const checkName = (path: Path, name: string) => {
    if (isVersion(name) || labels.includes(name)) return;
    const meant = nearest(name, labels);
    const hint = meant === undefined ? "add it to `version_labels`" : `did you mean ${meant}?`;
    findings.push({ path, message: "is no label in `version_labels`, and no version", hint });
  };
  for (const to of Object.keys(raw.split ?? {})) checkName(["split", to], to);
  if (raw.shadow !== undefined) checkName(["shadow", "to"], raw.shadow.to);
  for (const key of ["run_timeout", "memory_max"] as const) {
    if (raw[key] === undefined || raw.isolation === "process") continue;
    const hint = "set `isolation: process`: a thread cannot be ended from outside";
    findings.push({ path: [key], message: "is not for `isolation: thread`", hint });
  }
  return findings;
}

function imageInput(image: NonNullable<RawModel["image"]>): ImageInput {
  const channels = channelCount(image.color);
  return {
    ...image,
    mean: image.mean ?? Array.from({ length: channels }, () => 0),
    std: image.std ?? Array.from({ length: channels }, () => 1),
  };
}

function textInput({ max_tokens: maxTokens, prefix }: NonNullable<RawModel["text"]>): TextInput {
  return { prefix, ...(maxTokens !== undefined && { maxTokens }) };
}

function meaningOf(output: RawModel["output"]): OutputMeaning {
  switch (output.kind) {
    case "classification":
      return { kind: output.kind, output: output.name, scores: output.scores };
    case "detection": {
      const ssd = ssdOf(output);
      return {
        kind: output.kind,
        head: output.head,
        output: output.name,
        scoreThreshold: output.score_threshold,
        iouThreshold: output.iou_threshold,
        ...(ssd !== undefined && { ssd }),
      };
    }
    case "embedding": {
      const { kind, name, pooling, normalize } = output;
      return { kind, output: name, pooling, normalize };
    }
    case "tensor":
      return { kind: output.kind };
  }
}

function ssdOf(output: DetectionOutput): SsdOutputs | undefined {
  if (output.head !== "ssd") return undefined;
  return {
    scores: output.scores_name ?? "",
    ...(output.classes_name !== undefined && { classes: output.classes_name }),
    activation: output.scores ?? "probabilities",
    box: output.box ?? "xyxy",
    unit: output.unit ?? "share",
    background: output.background ?? false,
  };
}
