/** Labels, boxes and output tensors of many files in columns. Pure. */

import type { Box, PredictResponse, Tensor } from "#gen/polygate/v1/predict_pb.js";
import { msText, percentText } from "#terminal/figures.ts";
import { textTable } from "#terminal/text-table.ts";
import type { Failure } from "./asked-failure.ts";

/** The outcome of one file. */
export interface Predicted {
  readonly file: string;
  readonly response?: PredictResponse;
  readonly failure?: Failure;
}

/** Elements of an output tensor that are shown. */
const elementsShown = 6;

function boxText(box: Box | undefined): string {
  if (box === undefined) return "";
  const at = (x: number, y: number) => `${Math.round(x)},${Math.round(y)}`;
  return `${at(box.xMin, box.yMin)} – ${at(box.xMax, box.yMax)}`;
}

function tensorText({ name, datatype, shape, data, text, raw }: Tensor): string {
  const elements = text.length > 0 ? text : data.map((one) => String(Number(one.toPrecision(6))));
  const shown = elements.slice(0, elementsShown).join(" ");
  const rest = elements.length > elementsShown || raw.length > 0 ? " …" : "";
  return `${name} ${datatype} [${shape.join(", ")}]: ${shown}${rest}`;
}

function timeText({ timing }: PredictResponse): string {
  if (timing === undefined) return "";
  const { preprocessMs, queueMs, computeMs, postprocessMs } = timing;
  return msText(preprocessMs + queueMs + computeMs + postprocessMs);
}

/** The lines of one file: label, score, box. */
function findingsOf(response: PredictResponse): readonly (readonly [string, string, string])[] {
  const labels = response.classifications.map(
    ({ label, score }) => [label, percentText(score), ""] as const,
  );
  const boxes = response.detections.map(
    ({ label, score, box }) => [label, percentText(score), boxText(box)] as const,
  );
  const tensors = response.outputs.map((tensor) => [tensorText(tensor), "", ""] as const);
  const all = [...labels, ...boxes, ...tensors];
  return all.length > 0 ? all : [["nothing found", "", ""]];
}

/** The table; undefined where no file has a response. */
export function predictTable(
  all: readonly Predicted[],
  head: (text: string) => string,
  columns: number | undefined,
): string | undefined {
  const rows = all.flatMap(({ file, response }) => {
    if (response === undefined) return [];
    const time = timeText(response);
    return findingsOf(response).map(([label, score, box], at) => [
      at === 0 ? file : "",
      label,
      score,
      box,
      at === 0 ? time : "",
    ]);
  });
  if (rows.length === 0) return undefined;
  const heads = ["FILE", "LABEL", "SCORE", "BOX", "TIME"];
  const hasBoxes = rows.some(([, , , box]) => box !== "");
  const shown = (row: readonly string[]) => row.filter((_cell, at) => hasBoxes || at !== 3);
  const right = new Set(hasBoxes ? [2, 4] : [2, 3]);
  return textTable(shown(heads), rows.map(shown), { head, right, columns });
}
