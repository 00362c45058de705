/** The loss of a detector on a grid: which cells hold a digit, where it is, which one it is. */

import { softmax } from "./classification-loss.ts";
import type { Loss } from "./learn.ts";
import { type PlacedDigit, sceneSide } from "./scene.ts";

/** Cells along each side of the grid. */
export const gridSide = 12;
/** Pixels along each side of a cell. */
export const cellSide = sceneSide / gridSide;
/** Width and height of a box whose raw size is zero, in pixels. */
export const typicalSide = 24;
/** Raw outputs a cell: shift of the centre, logarithm of the size, presence, then ten classes. */
export const cellOutputs = 15;

const cells = gridSide * gridSide;
const presenceAt = 4;
const classesAt = 5;
const classCount = cellOutputs - classesAt;
/** A cell answers for a digit whose centre is less than this many cells away, each way. */
const reach = 0.75;
const boxWeight = 2;
const presenceWeight = 1;

/** Loss of raw `output` [batch, 15, 12 * 12] when each scene holds the given digits. */
export function detectionLoss(
  output: Float32Array,
  scenes: readonly (readonly PlacedDigit[])[],
): Loss {
  const owners = scenes.map(cellOwners);
  const owned = owners.reduce((count, each) => count + each.size, 0);
  const share = 1 / Math.max(1, owned);
  const gradient = new Float32Array(output.length);
  let value = 0;
  owners.forEach((owner, sample) => {
    const from = sample * cellOutputs * cells;
    for (let cell = 0; cell < cells; cell += 1) {
      const at = (row: number) => from + row * cells + cell;
      const digit = owner.get(cell);
      const add = (row: number, loss: number, slope: number) => {
        value += share * loss;
        gradient[at(row)] = share * slope;
      };
      presenceLoss(output[at(presenceAt)] ?? 0, digit !== undefined, add);
      if (digit === undefined) continue;
      boxTargets(digit, cell).forEach((target, row) => {
        boxLoss((output[at(row)] ?? 0) - target, row, add);
      });
      const logits = Float32Array.from(
        { length: classCount },
        (_, k) => output[at(classesAt + k)] ?? 0,
      );
      classLoss(logits, digit.label, add);
    }
  });
  return { value, gradient };
}

/** Takes a raw output's row, its part of the loss and the slope of that part. */
type Add = (row: number, loss: number, slope: number) => void;

/** Cross-entropy of a sigmoid, written so that it does not overflow. */
function presenceLoss(logit: number, present: boolean, add: Add): void {
  const wanted = present ? 1 : 0;
  const loss = Math.max(logit, 0) - logit * wanted + Math.log1p(Math.exp(-Math.abs(logit)));
  const score = 1 / (1 + Math.exp(-logit));
  add(presenceAt, presenceWeight * loss, presenceWeight * (score - wanted));
}

/** Smooth L1: a parabola within a tenth of the target, straight beyond. */
function boxLoss(error: number, row: number, add: Add): void {
  const bend = 0.1;
  const size = Math.abs(error);
  const loss = size < bend ? (size * size) / (2 * bend) : size - bend / 2;
  add(row, boxWeight * loss, boxWeight * Math.max(-1, Math.min(1, error / bend)));
}

function classLoss(logits: Float32Array, label: number, add: Add): void {
  softmax(logits).forEach((score, index) => {
    const wanted = index === label ? 1 : 0;
    add(classesAt + index, wanted * -Math.log(Math.max(score, 1e-12)), score - wanted);
  });
}

/** Which digit each cell answers for: the one with the nearest centre, if near enough. */
function cellOwners(digits: readonly PlacedDigit[]): Map<number, PlacedDigit> {
  const owners = new Map<number, PlacedDigit>();
  const distances = new Map<number, number>();
  for (const digit of digits) {
    for (let cell = 0; cell < cells; cell += 1) {
      const [x = 0, y = 0] = boxTargets(digit, cell);
      const distance = Math.max(Math.abs(x), Math.abs(y));
      if (distance >= Math.min(reach, distances.get(cell) ?? reach)) continue;
      owners.set(cell, digit);
      distances.set(cell, distance);
    }
  }
  return owners;
}

/** What the cell's first four raw outputs should be for the digit. */
function boxTargets({ box }: PlacedDigit, cell: number): readonly number[] {
  const middleX = (cell % gridSide) + 0.5;
  const middleY = Math.floor(cell / gridSide) + 0.5;
  return [
    (box.xMin + box.xMax) / 2 / cellSide - middleX,
    (box.yMin + box.yMax) / 2 / cellSide - middleY,
    Math.log((box.xMax - box.xMin) / typicalSide),
    Math.log((box.yMax - box.yMin) / typicalSide),
  ];
}
