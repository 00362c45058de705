/** The board of inference: models of the process and of servers. */

import { type BoardSpec, rateBy } from "./panels.ts";

const model = 'model=~"$model"';
const names = "model, version";

/** Mean milliseconds of a part of an inference. */
function meanMs(part: string): string {
  const time = rateBy(names, `nv_inference_${part}_duration_us`, model);
  return `${time} / 1000 / ${rateBy(names, "nv_inference_request_success", model)}`;
}

export const inference: BoardSpec = {
  name: "inference",
  title: "Inference",
  description: "Inferences by model: how many, how they fail, where their time goes.",
  choice: { name: "model", metric: "nv_inference_request_success", label: "model" },
  rows: [
    {
      title: "Inferences",
      panels: [
        {
          title: "Done",
          description: "By model and version.",
          unit: "reqps",
          queries: [
            [rateBy(names, "nv_inference_request_success", model), "{{model}} {{version}}"],
          ],
        },
        {
          title: "Failed",
          description: "By reason.",
          unit: "reqps",
          queries: [
            [rateBy("model, reason", "nv_inference_request_failure"), "{{model}} {{reason}}"],
          ],
        },
        {
          title: "Answered from the cache",
          description: "And those that it might have answered and did not.",
          unit: "reqps",
          queries: [
            [rateBy("model", "nv_cache_num_hits_per_model", model), "{{model}} hit"],
            [rateBy("model", "nv_cache_num_misses_per_model", model), "{{model}} miss"],
          ],
        },
      ],
    },
    {
      title: "Time",
      panels: [
        {
          title: "Mean time of an inference, by part",
          description:
            "Input: making tensors. Queue: waiting for a worker. Output: making labels and boxes.",
          unit: "ms",
          queries: [
            [meanMs("compute_input"), "{{model}} input"],
            [meanMs("queue"), "{{model}} queue"],
            [meanMs("compute_infer"), "{{model}} model"],
            [meanMs("compute_output"), "{{model}} output"],
          ],
        },
        {
          title: "Mean time of an inference",
          description: "From first to last.",
          unit: "ms",
          queries: [[meanMs("request"), "{{model}} {{version}}"]],
        },
        {
          title: "Rows that ran as one",
          description: "Batches are what waited when a worker became free.",
          unit: "short",
          queries: [
            [
              `${rateBy(names, "polygate_inference_batch_rows_sum", model)} / ${rateBy(names, "polygate_inference_batch_rows_count", model)}`,
              "{{model}} {{version}}",
            ],
          ],
        },
      ],
    },
  ],
};
