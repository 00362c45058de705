import fc from "fast-check";
import { expect, test } from "vitest";
import type { Tensor } from "#core/tensor.ts";
import { type DetectionOptions, detect, overlap, suppressOverlaps } from "#inference/detection.ts";
import { inputFrame } from "#inference/image-frame.ts";
import { bytesFromNumbers } from "#inference/tensor-view.ts";

const size = 64;
const options: DetectionOptions = {
  labels: ["a", "b", "c"],
  scoreThreshold: 0.3,
  iouThreshold: 0.4,
  topK: 1000,
  frame: inputFrame({ width: size, height: size }),
};

// Few distinct values, so that ties and overlaps are common.
const anchor = fc.tuple(
  fc.integer({ min: 0, max: size }),
  fc.integer({ min: 0, max: size }),
  fc.integer({ min: 1, max: size }),
  fc.integer({ min: 1, max: size }),
  ...[0, 1, 2].map(() => fc.integer({ min: 0, max: 8 }).map((eighths) => eighths / 8)),
);
const anchors = fc.array(anchor, { maxLength: 40 });

function head(rows: readonly (readonly number[])[]): Tensor {
  const numbers = Array.from({ length: 7 }, (_, at) => rows.map((row) => row[at] ?? 0)).flat();
  return { datatype: "FP32", shape: [1, 7, rows.length], bytes: bytesFromNumbers("FP32", numbers) };
}

/** Boxes by falling score, as suppression takes them; edges anywhere. */
const sorted = fc
  .array(
    fc.record({
      index: fc.integer({ min: 0, max: 2 }),
      score: fc.double({ min: 0, max: 1, noNaN: true }),
      at: fc.tuple(fc.integer({ min: -20, max: 20 }), fc.integer({ min: -20, max: 20 })),
      size: fc.tuple(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 20 })),
    }),
  )
  .map((boxes) =>
    boxes
      .map(({ index, score, at: [xMin, yMin], size: [width, height] }) => ({
        label: `${index}`,
        index,
        score,
        box: { xMin, yMin, xMax: xMin + width, yMax: yMin + height },
      }))
      .sort((a, b) => b.score - a.score),
  );

test("no two kept boxes of one label overlap by more than the threshold", () => {
  fc.assert(
    fc.property(sorted, (boxes) => {
      const kept = suppressOverlaps(boxes, 0.4, boxes.length);
      for (const [at, one] of kept.entries()) {
        for (const other of kept.slice(at + 1)) {
          if (one.index === other.index)
            expect(overlap(one.box, other.box)).toBeLessThanOrEqual(0.4);
        }
      }
    }),
  );
});

test("what is suppressed overlaps a kept box of its label that is at least as good", () => {
  fc.assert(
    fc.property(sorted, (boxes) => {
      const kept = suppressOverlaps(boxes, 0.4, boxes.length);
      for (const lost of boxes.filter((box) => !kept.includes(box))) {
        const rivals = kept.filter(
          ({ index, box }) => index === lost.index && overlap(box, lost.box) > 0.4,
        );
        expect(Math.max(...rivals.map(({ score }) => score))).toBeGreaterThanOrEqual(lost.score);
      }
    }),
  );
});

test("the best candidate of every label that has one is kept", () => {
  fc.assert(
    fc.property(anchors, (rows) => {
      const found = detect(head(rows), options);
      const unsuppressed = detect(head(rows), { ...options, iouThreshold: 1 });
      for (const index of [0, 1, 2]) {
        const best = unsuppressed.find((one) => one.index === index);
        expect(found.find((one) => one.index === index)).toEqual(best);
      }
    }),
  );
});

test("the order of the anchors does not matter", () => {
  const shuffled = anchors.chain((rows) =>
    fc.tuple(
      fc.constant(rows),
      fc.shuffledSubarray(rows, { minLength: rows.length, maxLength: rows.length }),
    ),
  );
  fc.assert(
    fc.property(shuffled, ([rows, others]) => {
      expect(detect(head(others), options)).toEqual(detect(head(rows), options));
    }),
  );
});

test("every box lies within the source and has an area", () => {
  fc.assert(
    fc.property(anchors, (rows) => {
      for (const { box } of detect(head(rows), options)) {
        expect(box.xMin).toBeGreaterThanOrEqual(0);
        expect(box.yMin).toBeGreaterThanOrEqual(0);
        expect(box.xMax).toBeLessThanOrEqual(size);
        expect(box.yMax).toBeLessThanOrEqual(size);
        expect(box.xMax).toBeGreaterThan(box.xMin);
        expect(box.yMax).toBeGreaterThan(box.yMin);
      }
    }),
  );
});

test("fewer are asked for: they are the first of those that would have come", () => {
  fc.assert(
    fc.property(anchors, fc.integer({ min: 1, max: 5 }), (rows, topK) => {
      const all = detect(head(rows), options);
      expect(detect(head(rows), { ...options, topK })).toEqual(all.slice(0, topK));
    }),
  );
});
