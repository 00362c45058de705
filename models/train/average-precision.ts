/** Mean average precision of a detector: the area under precision over recall, a class at a time. */

import { type Detection, overlap } from "#inference/detection.ts";
import type { PlacedDigit } from "./scene.ts";

/** What was found in a scene and what is there. */
export interface Finding {
  readonly found: readonly Pick<Detection, "index" | "score" | "box">[];
  readonly digits: readonly PlacedDigit[];
}

/**
 * Average precision of each of the ten classes at the given intersection over union: the area under
 * the precision envelope at every recall. A class that is nowhere to be found has none.
 */
export function averagePrecisions(findings: readonly Finding[], iou: number): number[] {
  return Array.from({ length: 10 }, (_, label) => averagePrecision(findings, label, iou)).filter(
    (precision) => !Number.isNaN(precision),
  );
}

/** Arithmetic mean. */
export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function averagePrecision(findings: readonly Finding[], label: number, iou: number): number {
  const verdicts = findings
    .flatMap((finding) => judge(finding, label, iou))
    .sort((a, b) => b.score - a.score);
  const present = findings.flatMap(({ digits }) => digits.filter((d) => d.label === label)).length;
  let right = 0;
  const precisions = verdicts.map(({ correct }, at) => {
    if (correct) right += 1;
    return right / (at + 1);
  });
  let area = 0;
  let envelope = 0;
  for (let at = verdicts.length - 1; at >= 0; at -= 1) {
    envelope = Math.max(envelope, precisions[at] ?? 0);
    if (verdicts[at]?.correct) area += envelope;
  }
  return area / present;
}

/** Each digit is found once, by the best-scored box that overlaps it enough; any other box is wrong. */
function judge({ found, digits }: Finding, label: number, iou: number) {
  const open = new Set(digits.filter((digit) => digit.label === label));
  return found
    .filter(({ index }) => index === label)
    .sort((a, b) => b.score - a.score)
    .map(({ score, box }) => {
      const [best] = [...open].sort((a, b) => overlap(b.box, box) - overlap(a.box, box));
      const correct = best !== undefined && overlap(best.box, box) >= iou;
      if (correct) open.delete(best);
      return { score, correct };
    });
}
