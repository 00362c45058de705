/** Whether a loaded model is what its model.yaml says. Pure. */

import type { TensorSpec } from "#backends/backend.ts";
import { isDatatype } from "#core/tensor.ts";
import type {
  DetectionMeaning,
  ImageInput,
  ModelSpec,
  OutputMeaning,
  SsdOutputs,
} from "#inference/model-spec.ts";
import { imageShape } from "#inference/pixels.ts";
import { isNumeric } from "#inference/tensor-view.ts";
import { nearest } from "#yaml/nearest.ts";
import type { SessionSignature } from "./messages.ts";
import type { DescribedTensor, Finding, ModelYaml } from "./model-yaml.ts";
import { textInputNames } from "./text-inputs.ts";

/** What does not fit, by the key of model.yaml to look at; empty when all does. */
export function signatureProblems(
  { spec, inputs, outputs }: Pick<ModelYaml, "spec" | "inputs" | "outputs">,
  signature: SessionSignature,
): Finding[] {
  return [
    ...describedProblems("inputs", inputs, signature.inputs),
    ...describedProblems("outputs", outputs, signature.outputs),
    ...(spec.image === undefined ? [] : imageProblems(spec.image, signature.inputs)),
    ...(spec.text === undefined ? [] : textProblems(signature.inputs)),
    ...outputProblems(spec, signature.outputs),
  ];
}

function describedProblems(
  key: "inputs" | "outputs",
  described: readonly DescribedTensor[],
  there: readonly TensorSpec[],
): Finding[] {
  return described.flatMap(({ name, datatype, shape }, at): Finding[] => {
    const found = there.find((one) => one.name === name);
    if (found === undefined) return [noTensor([key, at, "name"], name, there)];
    const problems: Finding[] = [];
    if (datatype !== undefined && datatype !== found.datatype) {
      const message = `the model has ${typed(found)}`;
      problems.push({ path: [key, at, "datatype"], message, hint: `write ${found.datatype}` });
    }
    if (shape !== undefined && !isSameShape(shape, found.shape)) {
      const hint = `write [${found.shape.join(", ")}]; -1 is any size`;
      problems.push({ path: [key, at, "shape"], message: `the model has ${typed(found)}`, hint });
    }
    return problems;
  });
}

function isSameShape(described: readonly number[], there: readonly number[]): boolean {
  return described.length === there.length && described.every((size, at) => size === there[at]);
}

function noTensor(path: Finding["path"], name: string, there: readonly TensorSpec[]): Finding {
  const names = there.map((one) => one.name);
  const meant = nearest(name, names);
  const known = names.map((one) => `"${one}"`).join(", ");
  return {
    path,
    message: `the model has no "${name}", it has ${known}`,
    hint: meant === undefined ? undefined : `did you mean ${meant}?`,
  };
}

function imageProblems(image: ImageInput, inputs: readonly TensorSpec[]): Finding[] {
  const [input] = inputs;
  const path = ["image"];
  if (input === undefined || inputs.length > 1) {
    return [{ path, message: `the model has ${inputs.length} inputs instead of one` }];
  }
  const shape = imageShape(image);
  if (input.datatype === image.datatype && admits(input.shape, shape)) return [];
  const described = `${image.datatype} [${shape.join(", ")}]`;
  const message = `the model takes ${typed(input)}, not ${described}`;
  return [{ path, message, hint: imageHint(image, input) }];
}

/** What to change, where one key makes the difference. */
function imageHint(image: ImageInput, input: TensorSpec): string | undefined {
  const datatypes: readonly string[] = ["FP32", "FP16", "UINT8"];
  if (input.datatype !== image.datatype) {
    return datatypes.includes(input.datatype) ? `set image.datatype: ${input.datatype}` : undefined;
  }
  const layout = image.layout === "NCHW" ? "NHWC" : "NCHW";
  if (admits(input.shape, imageShape({ ...image, layout }))) return `set image.layout: ${layout}`;
  const [, height, width] =
    image.layout === "NCHW" ? input.shape.slice(1) : [0, ...input.shape.slice(1)];
  const isSize = (size: number | undefined) => size !== undefined && size > 0;
  const sized = { ...image, width: width ?? 0, height: height ?? 0 };
  return isSize(width) && isSize(height) && admits(input.shape, imageShape(sized))
    ? `set image.width: ${width} and image.height: ${height}`
    : undefined;
}

function textProblems(inputs: readonly TensorSpec[]): Finding[] {
  const path = ["text"];
  const unknown = inputs.find(({ name }) => !textInputNames.includes(name));
  if (unknown !== undefined) {
    const known = textInputNames.join(", ");
    return [{ path, message: `the model takes "${unknown.name}"; a text becomes ${known}` }];
  }
  const odd = inputs.find(({ datatype, shape }) => datatype !== "INT64" || shape.length !== 2);
  if (odd !== undefined) {
    return [{ path, message: `"${odd.name}" is ${typed(odd)}, not INT64 [texts, tokens]` }];
  }
  return inputs.some(({ name }) => name === "input_ids")
    ? []
    : [{ path, message: 'the model has no "input_ids"' }];
}

function outputProblems(spec: ModelSpec, outputs: readonly TensorSpec[]): Finding[] {
  const { meaning, labels } = spec;
  if (meaning.kind === "tensor") return [];
  if (meaning.kind !== "embedding" && labels.length === 0) {
    const hint = "set `labels` or `labels_file`, or `names` in the model's metadata";
    return [{ path: ["output", "kind"], message: "needs labels", hint }];
  }
  const output = outputs.find(({ name }) => name === meaning.output);
  if (output === undefined) return [noTensor(["output", "name"], meaning.output, outputs)];
  if (meaning.kind === "detection" && meaning.ssd !== undefined) {
    return ssdProblems(meaning.ssd, labels.length, { boxes: output, outputs });
  }
  const shape = outputShape(meaning, labels.length);
  if (isNumbers(output) && admits(output.shape, shape)) return [];
  if (meaning.kind === "embedding") {
    const wanted = meaning.pooling === "none" ? "[texts, size]" : "[texts, tokens, size]";
    const message = `pooling ${meaning.pooling} needs ${wanted}, "${output.name}" is ${typed(output)}`;
    return [{ path: ["output", "pooling"], message }];
  }
  const wanted = shape.map((size) => (size === -1 ? "anchors" : size)).join(", ");
  const message = `${labels.length} labels need an output [${wanted}], "${output.name}" is ${typed(output)}`;
  return [{ path: ["labels"], message }];
}

function ssdProblems(
  ssd: SsdOutputs,
  labels: number,
  { boxes, outputs }: { readonly boxes: TensorSpec; readonly outputs: readonly TensorSpec[] },
): Finding[] {
  const problems: Finding[] = [];
  if (
    !isNumbers(boxes) ||
    ![
      [1, -1, 4],
      [-1, 4],
    ].some((shape) => admits(boxes.shape, shape))
  ) {
    const message = `boxes need [1, boxes, 4], "${boxes.name}" is ${typed(boxes)}`;
    problems.push({ path: ["output", "name"], message });
  }
  const scores = numbersOf("scores", ssd.scores, outputs);
  const needed = labels + Number(ssd.background);
  if ("path" in scores) problems.push(scores);
  else if (ssd.classes === undefined && ![-1, needed].includes(scores.shape.at(-1) ?? -1)) {
    const message = `${labels} labels need scores [1, boxes, ${needed}], "${scores.name}" is ${typed(scores)}`;
    problems.push({ path: ["labels"], message });
  }
  if (ssd.classes === undefined) return problems;
  const classes = numbersOf("classes", ssd.classes, outputs);
  return "path" in classes ? [...problems, classes] : problems;
}

/** The output that `output.scores_name` or `output.classes_name` names, or why it cannot be read. */
function numbersOf(
  role: "scores" | "classes",
  name: string,
  outputs: readonly TensorSpec[],
): TensorSpec | Finding {
  const path = ["output", `${role}_name`];
  const output = outputs.find((one) => one.name === name);
  if (output === undefined) return noTensor(path, name, outputs);
  if (isNumbers(output)) return output;
  return { path, message: `${role} are numbers, "${name}" is ${typed(output)}` };
}

/** Shape of the output for one image or text; -1 where any size does. */
function outputShape(
  meaning: Exclude<OutputMeaning, { kind: "tensor" }>,
  labels: number,
): readonly number[] {
  switch (meaning.kind) {
    case "classification":
      return [1, labels];
    case "detection":
      return headShape(meaning.head, labels);
    case "embedding":
      return meaning.pooling === "none" ? [1, -1] : [1, -1, -1];
  }
}

function headShape(head: DetectionMeaning["head"], labels: number): readonly number[] {
  return head === "yolo_objectness" ? [1, -1, 5 + labels] : [1, 4 + labels, -1];
}

function isNumbers({ datatype }: TensorSpec): boolean {
  return isDatatype(datatype) && isNumeric(datatype);
}

/** Whether a tensor of `shape` may be what is declared; an empty declaration says nothing. */
function admits(declared: readonly number[], shape: readonly number[]): boolean {
  if (declared.length === 0) return true;
  return (
    declared.length === shape.length &&
    declared.every((size, at) => size === -1 || shape[at] === -1 || size === shape[at])
  );
}

function typed({ datatype, shape }: TensorSpec): string {
  return `${datatype} [${shape.join(", ")}]`;
}
