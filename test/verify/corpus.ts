/**
 * ONNX's own tests of backends through a running gateway: each model is put into the repository and
 * loaded, is given its examples over the Open Inference Protocol, and has to answer as they say. What
 * is skipped is named with the reason. The corpus is Debian's package libonnx-testdata; `--from DIR`
 * names another folder, `--only TEXT` the models whose paths have it, `--wire NAME` how tensors travel
 * (raw, contents, binary, json; else raw), `--isolation process` runs each model in a process of its
 * own, and `--require` fails where there is no corpus.
 */

import { existsSync } from "node:fs";
import { parseArgs } from "node:util";
import { type Client, createClient } from "@connectrpc/connect";
import type { NamedTensor } from "#core/tensor.ts";
import { GRPCInferenceService } from "#gen/inference/grpc_service_pb.js";
import { startModelGateway } from "../support/model-gateway.ts";
import { type Infer, oipWires } from "../support/oip-wires.ts";
import {
  type CorpusExample,
  type CorpusModel,
  corpusExample,
  corpusFiles,
  corpusModel,
} from "../support/onnx-corpus.ts";
import { loadProblem, runtimeOutputs } from "../support/onnx-runtime.ts";
import type { TemporaryFolder } from "../support/temporary-folder.ts";
import { cancelling, differenceOf, kindDifference } from "../support/tensor-agreement.ts";
import { grpcTo } from "../support/transports.ts";
import { type Deviation, deviations } from "./corpus-deviations.ts";

/** Models that are in the repository, and loaded, at a time. */
const groupSize = 16;

/** Models whose zeros are what is left of numbers that cancel out. */
const fourier = /_(dft|stft)/;

const { values } = parseArgs({
  options: {
    from: { type: "string", default: "/usr/share/libonnx-testdata/data" },
    only: { type: "string", default: "" },
    wire: { type: "string", default: "raw" },
    isolation: { type: "string", default: "thread" },
    require: { type: "boolean", default: false },
  },
});

/** What became of a model, and why it did not pass. */
type Verdict =
  | { readonly kind: "passed"; readonly why?: undefined }
  | { readonly kind: "failed" | "skipped"; readonly why: string };

/** The gateway, by its models and by inferences. */
interface Asked {
  readonly client: Client<typeof GRPCInferenceService>;
  readonly folder: TemporaryFolder;
  readonly infer: Infer;
}

const wire = oipWires[values.wire];
if (wire === undefined) throw new Error(`--wire is one of ${Object.keys(oipWires).join(", ")}`);

/** Why no request can carry what a model takes or gives; undefined when one can. */
function unsendable({ inputs, outputs }: CorpusModel): string | undefined {
  const odd = [...inputs, ...outputs].find(({ datatype }) => datatype === undefined);
  return odd && `the protocol has no ${odd.type}`;
}

/** What is told of a model and is not so; undefined when all is. */
async function metadataProblem({ client }: Asked, model: CorpusModel): Promise<string | undefined> {
  const told = await client.modelMetadata({ name: model.name });
  for (const kind of ["inputs", "outputs"] as const) {
    const listed = (list: readonly { name: string; datatype: string | undefined }[]) =>
      list.map(({ name, datatype }) => `${name} ${datatype}`).join(", ");
    if (listed(told[kind]) === listed(model[kind])) continue;
    return `its ${kind} are said to be ${listed(told[kind])}, not ${listed(model[kind])}`;
  }
  return undefined;
}

/** What is wrong with the outputs of a model that deviates from its test; undefined when nothing is. */
async function deviationProblem(
  { heldTo }: Deviation,
  given: readonly NamedTensor[],
  { model, example }: { readonly model: CorpusModel; readonly example: CorpusExample },
): Promise<string | undefined> {
  if (heldTo === "kind") return kindDifference(given, example.outputs);
  if (differenceOf(given, example.outputs) === undefined) return "deviates no longer: take it out";
  const exact = { relative: 0, absolute: 0, ofGreatest: 0 };
  const runtime = await runtimeOutputs(model.bytes, example.inputs);
  const difference = differenceOf(given, runtime, exact);
  return difference && `not as the runtime itself: ${difference}`;
}

async function answerVerdict(asked: Asked, model: CorpusModel): Promise<Verdict> {
  const told = await metadataProblem(asked, model);
  if (told !== undefined) return { kind: "failed", why: told };
  if (model.examples.length === 0) return { kind: "failed", why: "it has no examples" };
  const deviation = deviations.get(model.name);
  for (const folder of model.examples) {
    const example = corpusExample(folder, model);
    const unfit = [...example.inputs, ...example.outputs].map((one) => wire?.unfit(one));
    const why = unfit.find((one) => one !== undefined);
    if (why !== undefined) return { kind: "skipped", why };
    const given = await asked.infer(model.name, example.inputs);
    const tolerance = fourier.test(model.name) ? cancelling : undefined;
    const difference =
      deviation === undefined
        ? differenceOf(given, example.outputs, tolerance)
        : await deviationProblem(deviation, given, { model, example });
    if (difference !== undefined) return { kind: "failed", why: difference };
  }
  return deviation === undefined ? { kind: "passed" } : { kind: "skipped", why: deviation.why };
}

async function verdictOn(asked: Asked, model: CorpusModel): Promise<Verdict> {
  const { client } = asked;
  try {
    await client.repositoryModelLoad({ modelName: model.name });
  } catch (thrown) {
    const why = await loadProblem(model.bytes);
    if (why !== undefined) return { kind: "skipped", why: `the runtime does not load it: ${why}` };
    return { kind: "failed", why: `the runtime loads it, the gateway does not: ${thrown}` };
  }
  try {
    return await answerVerdict(asked, model);
  } catch (thrown) {
    return { kind: "failed", why: String(thrown) };
  } finally {
    await client.repositoryModelUnload({ modelName: model.name });
  }
}

/** Puts a model into the repository for as long as it is tried. */
async function tried(asked: Asked, model: CorpusModel): Promise<Verdict> {
  const { folder } = asked;
  const why = unsendable(model);
  if (why !== undefined) return { kind: "skipped", why };
  await folder.write(`${model.name}/1/model.onnx`, model.bytes);
  await folder.write(`${model.name}/model.yaml`, `isolation: ${values.isolation}\n`);
  try {
    return await verdictOn(asked, model);
  } finally {
    await folder.remove(model.name);
  }
}

/** Names by reason. */
const skipped = new Map<string, readonly string[]>();
const counts = { passed: 0, failed: 0, skipped: 0 };
const files = existsSync(values.from) ? corpusFiles(values.from) : [];
if (files.length === 0) {
  console.log(`there are no models in ${values.from}: install libonnx-testdata, or say --from`);
  counts[values.require ? "failed" : "skipped"] += 1;
} else {
  await using use = await startModelGateway(
    {},
    { gateway: "host: 127.0.0.1, port: 0, max_request_size: 100MB" },
  );
  const client = createClient(GRPCInferenceService, grpcTo(use.url));
  const asked = { client, folder: use.folder, infer: wire.open(use.url) };
  const wanted = files.filter((file) => file.includes(values.only));
  for (let from = 0; from < wanted.length; from += groupSize) {
    const group = wanted
      .slice(from, from + groupSize)
      .map((file) => corpusModel(values.from, file));
    const verdicts = await Promise.all(group.map((model) => tried(asked, model)));
    for (const [at, { kind, why = "" }] of verdicts.entries()) {
      counts[kind] += 1;
      const name = group[at]?.name ?? "";
      const [reason = ""] = why.trim().split("\n");
      if (kind === "failed") console.log(`FAIL ${name}: ${reason}`);
      if (kind === "skipped") skipped.set(reason, [...(skipped.get(reason) ?? []), name]);
    }
  }
}
for (const [reason, names] of skipped) {
  console.log(`skipped ${names.length}, ${reason}: ${names.join(", ")}`);
}
console.log(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
process.exit(counts.failed === 0 ? 0 : 1);
