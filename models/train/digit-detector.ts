/** Trains the model `digit-detector`, measures it on scenes of held-out samples and writes the model, its figures and its examples. */

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { systemClock } from "#core/clock.ts";
import { averagePrecisions, type Finding, mean } from "./average-precision.ts";
import { loadSamples, type Sample, splitSamples } from "./data.ts";
import { drawScenes, exportDetector, findDigits, trainDetector } from "./detector.ts";
import { writePng } from "./example-images.ts";
import { type Network, parameterCount } from "./network.ts";
import { note, sampleLicence, table } from "./readme.ts";
import { type Scene, sceneSide } from "./scene.ts";

const heldOutCount = 1500;
const validationCount = 1000;
const heldOutScenes = 500;
/** Boxes below this score are left out of the average precision; the area they would add is nil. */
const leastScore = 0.01;
/** Score at which the examples' boxes are told, and the gateway's default in model.yaml. */
const exampleScore = 0.4;
/** Examples are written enlarged, so that boxes in their pixels differ from those in the model's. */
const exampleScale = 4;

const { values: flags } = parseArgs({
  options: {
    seed: { type: "string", default: "1" },
    scenes: { type: "string", default: "48000" },
    validate: { type: "boolean", default: false },
  },
});
const seed = Number(flags.seed);
const scenes = Number(flags.scenes);
const { training, heldOut } = splitSamples(loadSamples(), { heldOut: heldOutCount, seed });

if (flags.validate) {
  // Settings are chosen here: on a part of the training samples, with the held-out ones out of sight.
  const { network } = train(training.slice(0, -validationCount));
  const validation = drawScenes(training.slice(-validationCount), heldOutScenes, seed + 1);
  note(`validation mAP50: ${mean(averagePrecisions(findingsIn(network, validation), 0.5))}`);
} else {
  const folder = join(import.meta.dirname, "..", "digit-detector");
  const { network, seconds } = train(training);
  mkdirSync(join(folder, "1"), { recursive: true });
  writeFileSync(join(folder, "1", "model.onnx"), exportDetector(network));
  const findings = findingsIn(network, drawScenes(heldOut, heldOutScenes, seed + 1));
  await writeExamples(join(folder, "examples"), network);
  writeFileSync(join(folder, "README.md"), readme({ network, seconds, findings }));
  note(`held-out mAP50: ${percent(mean(averagePrecisions(findings, 0.5)))}`);
}

function train(samples: readonly Sample[]) {
  const startMs = systemClock.nowMs();
  const network = trainDetector(samples, {
    seed,
    scenes,
    report: (step, meanLoss) => note(`step ${step}: mean loss ${meanLoss.toFixed(4)}`),
  });
  return { network, seconds: Math.round((systemClock.nowMs() - startMs) / 1000) };
}

function findingsIn(network: Network, drawn: readonly Scene[]): Finding[] {
  return drawn.map((scene) => ({
    found: findDigits(network, scene, leastScore),
    digits: scene.digits,
  }));
}

/** The first two held-out scenes in which every digit is found, with what is in them beside them. */
async function writeExamples(folder: string, network: Network): Promise<void> {
  mkdirSync(folder, { recursive: true });
  const clear = drawScenes(heldOut, heldOutScenes, seed + 2).filter((scene) => {
    const [finding] = findingsIn(network, [scene]);
    const sure = finding?.found.filter(({ score }) => score >= exampleScore) ?? [];
    const inOrder = (labels: number[]) => labels.sort((a, b) => a - b).join();
    const found = inOrder(sure.map(({ index }) => index));
    return scene.digits.length >= 3 && found === inOrder(scene.digits.map(({ label }) => label));
  });
  for (const [at, { picture, digits }] of clear.slice(0, 2).entries()) {
    await writePng(picture, join(folder, `scene-${at + 1}.png`), exampleScale);
    const boxes = digits.map(({ label, box }) => ({
      label: `${label}`,
      x_min: box.xMin * exampleScale,
      y_min: box.yMin * exampleScale,
      x_max: box.xMax * exampleScale,
      y_max: box.yMax * exampleScale,
    }));
    writeFileSync(join(folder, `scene-${at + 1}.json`), `${JSON.stringify(boxes, undefined, 2)}\n`);
  }
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}

interface Figures {
  readonly network: Network;
  readonly seconds: number;
  readonly findings: readonly Finding[];
}

function readme({ network, seconds, findings }: Figures): string {
  const digits = findings.reduce((sum, finding) => sum + finding.digits.length, 0);
  const precisions = averagePrecisions(findings, 0.5);
  return `# digit-detector

Finds handwritten digits in a picture. \`image\` FP32 [batch, 1, ${sceneSide}, ${sceneSide}], 0 dark to 1 light strokes → \`boxes\` FP32
[batch, 14, 144]: centre x, centre y, width and height in pixels, then a score a digit, of each cell of a 12 by 12 grid.
Written by the training run; no figure is typed by hand.

${table([
  ["figure", "value"],
  ["held-out mean average precision at IoU 0.5", `**${percent(mean(precisions))}**`],
  ["at IoU 0.75", percent(mean(averagePrecisions(findings, 0.75)))],
  [
    "measured on",
    `${findings.length} scenes with ${digits} digits, drawn from held-out samples only`,
  ],
  ["trained on", `${scenes} scenes of ${training.length} samples, each scene seen once`],
  ["held out, never trained on nor chosen by", `${heldOut.length} samples`],
  ["parameters", `${parameterCount(network)}`],
  ["training time on one core", `${seconds} s`],
  [
    "command",
    `\`node -C source models/train/digit-detector.ts --seed ${seed} --scenes ${scenes}\``,
  ],
])}

Average precision at IoU 0.5 by digit:

${table([["digit", "average precision"], ...precisions.map((precision, label) => [`${label}`, percent(precision)])])}

Scenes are synthetic: one to six digits, 14 to 40 pixels high, on grounds with slopes of light, lines and noise.
\`examples/\` holds the first two held-out scenes with at least three digits in which all are found at a score of ${exampleScore},
enlarged ${exampleScale} times, with the digits' true boxes beside them. The same command on one machine gives the same file, byte for
byte. Settings were chosen with \`--validate\`, which leaves the held-out samples alone.

${sampleLicence}
`;
}
