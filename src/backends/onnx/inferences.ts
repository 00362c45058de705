/** The path of one inference: which version, what kind of input, a run, a copy for a shadow, and the count. */

import type {
  BackendCall,
  EmbedTexts,
  InferRequest,
  InferResponse,
  KeepableVersion,
  ModelRef,
  TextVectors,
} from "#backends/backend.ts";
import { failureOf, type InferObserver } from "#backends/inference-statistics.ts";
import type { Clock } from "#core/clock.ts";
import type { NamedTensor } from "#core/tensor.ts";
import { faultFrom } from "#errors/from-unknown.ts";
import type { VersionChoice } from "./hosted-model.ts";
import type { HostedModels } from "./hosted-models.ts";
import type { Inferred } from "./inference-queue.ts";
import { checkInputs } from "./inputs.ts";
import { rowsOf } from "./rows.ts";
import { checkRows, type Serving } from "./serving.ts";
import { isVersion } from "./serving-plan.ts";
import type { Shadows } from "./shadows.ts";
import { textInputName } from "./text-inputs.ts";
import {
  embedTexts,
  isText,
  scoreTexts,
  type TextRun,
  type TextTimes,
  textsFrom,
  vectorTensor,
} from "./text-runner.ts";

/** What inferences need. */
export interface InferencesDeps {
  readonly models: HostedModels;
  readonly clock: Clock;
  readonly observer: InferObserver;
  readonly shadows: Shadows;
}

/** Runs inferences of hosted models. */
export class Inferences {
  readonly #deps: InferencesDeps;

  constructor(deps: InferencesDeps) {
    this.#deps = deps;
  }

  /** See PredictBackend. */
  async infer(
    { model, inputs, ...choice }: InferRequest,
    call: BackendCall,
  ): Promise<InferResponse> {
    return await this.#counted(model, choiceOf(choice), {
      call,
      work: async (serving) => {
        const run = this.#runner(serving, call);
        if (isText(inputs, serving)) {
          const { clock, observer } = this.#deps;
          const { preprocessMs, ...texts } = await inferTexts(inputs, serving, {
            run,
            call,
            clock,
          });
          observer.onHandling({ model, version: serving.version, preprocessMs });
          return texts;
        }
        const checked = checkInputs(inputs, serving.signature.inputs);
        const inferred = await run(checked);
        const shadow = this.#deps.models.get(model).shadowOf(serving);
        if (shadow !== undefined) {
          this.#deps.shadows.send({ inputs: checked, outputs: inferred.outputs }, shadow);
        }
        return inferred;
      },
    });
  }

  /** See PredictBackend. */
  keepable({ model, ...choice }: ModelRef): KeepableVersion | undefined {
    return this.#deps.models.get(model).keepable(choiceOf(choice));
  }

  /** See PredictBackend. */
  async embed({ model, version, texts }: EmbedTexts, call: BackendCall): Promise<TextVectors> {
    return await this.#counted(model, choiceOf({ version }), {
      call,
      work: async (serving) => {
        const { clock, observer } = this.#deps;
        const { run, times } = timed(this.#runner(serving, call));
        const embedded = await embedTexts(texts, serving, { run, call, clock });
        const { preprocessMs, postprocessMs, ...made } = embedded;
        observer.onHandling({ model, version: serving.version, preprocessMs, postprocessMs });
        return { ...made, ...times() };
      },
    });
  }

  /** Runs `work` with what serves, and counts how it ends. */
  async #counted<T extends Pick<Inferred, "queueMs" | "computeMs">>(
    model: string,
    choice: VersionChoice,
    { call, work }: { call: BackendCall; work: (serving: Serving) => Promise<T> },
  ): Promise<T & { readonly version: string }> {
    const { clock, observer, models } = this.#deps;
    const startMs = clock.nowMs();
    let version: string | undefined;
    try {
      const serving = await models.get(model).serving(choice, call.signal);
      ({ version } = serving);
      const done = await work(serving);
      const { queueMs, computeMs } = done;
      const totalMs = clock.nowMs() - startMs;
      observer.onSuccess({ model, version, totalMs, queueMs, computeMs });
      return { ...done, version };
    } catch (error) {
      const totalMs = clock.nowMs() - startMs;
      // What no version has begun is counted by none.
      if (version !== undefined) {
        observer.onFail({ model, version, totalMs, failure: failureOf(error) });
      }
      throw faultFrom(error);
    }
  }

  /** Runs checked inputs on a version. */
  #runner(serving: Serving, { signal, timeoutMs }: BackendCall): RunInputs {
    const { clock, observer } = this.#deps;
    const { model, version } = serving;
    const deadlineMs = timeoutMs === undefined ? undefined : clock.nowMs() + timeoutMs;
    const onRun = (rows: number, computeMs: number) =>
      observer.onRun({ model, version, rows, computeMs });
    return async (inputs) => {
      checkRows(rowsOf(inputs)?.count ?? 1, serving, inputs[0]?.name ?? "");
      return await serving.run({ inputs, deadlineMs, onRun }, signal);
    };
  }
}

type RunInputs = TextRun["run"];

/** What is no number is a label, wherever it is written. */
function choiceOf({
  version,
  label = "",
  settled = "",
}: Pick<InferRequest, "version" | "label" | "settled">): VersionChoice {
  return version === "" || isVersion(version)
    ? { version, label, settled }
    : { version: "", label: version, settled };
}

/** Texts through a model that takes tokens: vectors as one tensor, or the model's own rows. */
async function inferTexts(
  inputs: readonly NamedTensor[],
  serving: Serving,
  { run: plainRun, ...others }: TextRun,
): Promise<Inferred & Pick<TextTimes, "preprocessMs">> {
  const texts = textsFrom(inputs);
  const { meaning } = serving.spec;
  if (meaning.kind !== "embedding") {
    checkRows(texts.length, serving, textInputName);
    return await scoreTexts(texts, serving, { run: plainRun, ...others });
  }
  const { run, times } = timed(plainRun);
  const { vectors, preprocessMs } = await embedTexts(texts, serving, { run, ...others });
  return { outputs: [vectorTensor(meaning.output, vectors)], ...times(), preprocessMs };
}

/** Adds up the times of several runs of one call. */
function timed(run: RunInputs) {
  let queueMs = 0;
  let computeMs = 0;
  return {
    async run(inputs: readonly NamedTensor[]): Promise<Inferred> {
      const inferred = await run(inputs);
      queueMs += inferred.queueMs;
      computeMs += inferred.computeMs;
      return inferred;
    },
    times: () => ({ queueMs, computeMs }),
  };
}
