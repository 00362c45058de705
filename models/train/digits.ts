/** Trains the model `digits`, measures it on held-out samples and writes the model, its figures and its examples. */

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { systemClock } from "#core/clock.ts";
import { seededRng } from "#core/rng.ts";
import { formatTally, type Tally, tallyByLabel, together } from "./accuracy.ts";
import { exportClassifier, photographed, trainClassifier } from "./classifier.ts";
import { loadSamples, type Sample, sampleSide, splitSamples } from "./data.ts";
import { writePage, writePng } from "./example-images.ts";
import { type Network, parameterCount } from "./network.ts";
import { note, sampleLicence, table } from "./readme.ts";

const heldOutCount = 1500;
const validationCount = 1000;

const { values: flags } = parseArgs({
  options: {
    seed: { type: "string", default: "1" },
    epochs: { type: "string", default: "16" },
    validate: { type: "boolean", default: false },
  },
});
const seed = Number(flags.seed);
const epochs = Number(flags.epochs);
const { training, heldOut } = splitSamples(loadSamples(), { heldOut: heldOutCount, seed });

if (flags.validate) {
  // Settings are chosen here: on a part of the training samples, with the held-out ones out of sight.
  const { network } = train(training.slice(0, -validationCount));
  const validation = training.slice(-validationCount);
  note(`validation: ${formatTally(together(tallyByLabel(network, validation)))}`);
  const photos = photographed(validation, seed);
  note(`as photos: ${formatTally(together(tallyByLabel(network, photos)))}`);
} else {
  const folder = join(import.meta.dirname, "..", "digits");
  const { network, seconds } = train(training);
  mkdirSync(join(folder, "1"), { recursive: true });
  writeFileSync(join(folder, "1", "model.onnx"), exportClassifier(network));
  await writeExamples(join(folder, "examples"), heldOut);
  const tallies = tallyByLabel(network, heldOut);
  const photos = together(tallyByLabel(network, photographed(heldOut, seed)));
  writeFileSync(join(folder, "README.md"), readme({ network, seconds, tallies, photos }));
  note(`held-out: ${formatTally(together(tallies))}, as photos: ${formatTally(photos)}`);
}

function train(samples: readonly Sample[]) {
  const startMs = systemClock.nowMs();
  const network = trainClassifier(samples, {
    seed,
    epochs,
    report: (step, meanLoss) => note(`step ${step}: mean loss ${meanLoss.toFixed(4)}`),
  });
  return { network, seconds: Math.round((systemClock.nowMs() - startMs) / 1000) };
}

/** The first held-out sample of each digit, and the first three as a photo of a page. */
async function writeExamples(folder: string, samples: readonly Sample[]): Promise<void> {
  mkdirSync(folder, { recursive: true });
  const firsts = Array.from({ length: 10 }, (_, label) => samples.find((s) => s.label === label));
  for (const sample of firsts) {
    if (sample === undefined) continue;
    const picture = { width: sampleSide, height: sampleSide, pixels: sample.pixels };
    await writePng(picture, join(folder, `${sample.label}.png`));
  }
  const three = firsts[3];
  if (three !== undefined) {
    await writePage(three.pixels, join(folder, "page-with-3.jpg"), seededRng(seed));
  }
}

interface Figures {
  readonly network: Network;
  readonly seconds: number;
  readonly tallies: readonly Tally[];
  readonly photos: Tally;
}

function readme({ network, seconds, tallies, photos }: Figures): string {
  return `# digits

Names a handwritten digit. \`image\` FP32 [batch, 1, 28, 28], 0 paper to 1 ink → \`logits\` FP32 [batch, 10].
Written by the training run; no figure is typed by hand.

${table([
  ["figure", "value"],
  ["held-out accuracy", `**${formatTally(together(tallies))}**`],
  ["the same samples as photos: turned, resized, faded, noisy, with bars", formatTally(photos)],
  ["trained on", `${training.length} samples, ${epochs} epochs, each time varied anew`],
  ["held out, never trained on nor chosen by", `${heldOut.length} samples`],
  ["parameters", `${parameterCount(network)}`],
  ["training time on one core", `${seconds} s`],
  ["command", `\`node -C source models/train/digits.ts --seed ${seed} --epochs ${epochs}\``],
])}

Held-out accuracy by digit:

${table([["digit", "accuracy"], ...tallies.map((tally, label) => [`${label}`, formatTally(tally)])])}

\`examples/\` holds the first held-out sample of each digit as it is, and the first three drawn dark on a page.
The same command on one machine gives the same file, byte for byte. Settings were chosen with \`--validate\`, which
holds ${validationCount} of the training samples out and leaves the held-out ones alone.

${sampleLicence}
`;
}
