/** Metrics of calls of models, by OpenTelemetry's conventions for generative AI (in development), over a bounded set of series. */

import { TextsMap } from "#core/texts-map.ts";
import type { TraceContext } from "#core/trace-context.ts";
import type { HistogramFamily, HistogramSeries } from "./family.ts";

/** Bounds of the buckets, as the conventions have them: tokens, and seconds. */
export const genAiBuckets = {
  tokenUsage: Array.from({ length: 14 }, (_, power) => 4 ** power),
  operationDuration: [
    0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92,
  ],
  timeToFirstToken: [
    0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10,
  ],
  timePerOutputToken: [0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 2.5],
};

/** Names of the labels, which all four share. */
export const genAiLabels = [
  "gen_ai_operation_name",
  "gen_ai_provider_name",
  "gen_ai_request_model",
  "gen_ai_response_model",
] as const;

type Label = (typeof genAiLabels)[number];

/** The families. */
export interface GenAiFamilies {
  readonly tokenUsage: HistogramFamily<Label | "gen_ai_token_type">;
  readonly operationDuration: HistogramFamily<Label | "error_type">;
  readonly timeToFirstToken: HistogramFamily<Label>;
  readonly timePerOutputToken: HistogramFamily<Label>;
}

/** A call of a model that has ended. */
export interface GenAiCall {
  /** Such as chat. */
  readonly operation: string;
  /** A name of the configuration, or one that the conventions know. */
  readonly provider: string;
  /** As the provider was asked for it; empty where it chooses. A client may have made it up. */
  readonly requestModel: string;
  /** Whether the configuration names it, or its provider lists it. */
  isKnown(): boolean;
  /** What the provider said it was; empty where it said nothing. */
  readonly responseModel?: string;
  readonly elapsedMs: number;
  /** Milliseconds to the first token of a stream; absent where the response came whole. */
  readonly firstMs?: number | undefined;
  /** The reason of a failure. */
  readonly error?: string;
  /** The trace that it belongs to; undefined where nothing is traced. */
  readonly trace?: TraceContext | undefined;
  /** Tokens, where they are known. */
  readonly input?: number | undefined;
  readonly output?: number | undefined;
}

/** What models beyond the bounds are called, in the conventions' own word. */
const other = "_OTHER";
/** Models of all providers, and names by which one of them responds; and characters of a name. */
const modelsMax = 200;
const responseModelsMax = 8;
const nameLengthMax = 128;

/** The series of one set of labels; those that nothing was observed for are not made. */
interface Series {
  readonly labels: Readonly<Record<Label, string>>;
  readonly duration: HistogramSeries;
  input?: HistogramSeries;
  output?: HistogramSeries;
  first?: HistogramSeries;
  perToken?: HistogramSeries;
}

/** Takes calls of models. */
export class GenAi {
  readonly #families: GenAiFamilies;
  /** Names by which models respond, by provider and model: the only ones that become labels. */
  readonly #models = new TextsMap<Set<string>>();
  readonly #series = new TextsMap<Series>();

  constructor(families: GenAiFamilies) {
    this.#families = families;
  }

  /** Counts a call. */
  add(call: GenAiCall): void {
    const { operation, provider, error = "" } = call;
    const [requestModel, responseModel] = this.#namesOf(call);
    const key = [operation, provider, requestModel, responseModel, error];
    let series = this.#series.get(key);
    if (series === undefined) {
      const labels = {
        gen_ai_operation_name: operation,
        gen_ai_provider_name: provider,
        gen_ai_request_model: requestModel,
        gen_ai_response_model: responseModel,
      };
      const duration = this.#families.operationDuration.labels({ ...labels, error_type: error });
      series = this.#series.set(key, { labels, duration });
    }
    this.#observe(series, call);
  }

  #observe(series: Series, call: GenAiCall): void {
    const { elapsedMs, firstMs, input, output, error = "", trace } = call;
    const { tokenUsage, timeToFirstToken, timePerOutputToken } = this.#families;
    const { labels } = series;
    series.duration.observe(elapsedMs / 1000, trace);
    if (input !== undefined) {
      series.input ??= tokenUsage.labels({ ...labels, gen_ai_token_type: "input" });
      series.input.observe(input);
    }
    // Vectors have none.
    if (output !== undefined && output > 0) {
      series.output ??= tokenUsage.labels({ ...labels, gen_ai_token_type: "output" });
      series.output.observe(output);
    }
    if (firstMs === undefined || error !== "") return;
    series.first ??= timeToFirstToken.labels(labels);
    series.first.observe(firstMs / 1000);
    // The tokens after the first one.
    if (output === undefined || output < 2) return;
    series.perToken ??= timePerOutputToken.labels(labels);
    series.perToken.observe((elapsedMs - firstMs) / 1000 / (output - 1));
  }

  /** What a call's models are called in labels. */
  #namesOf(call: GenAiCall): readonly [request: string, response: string] {
    const { provider, requestModel, responseModel = "" } = call;
    const key = [provider, requestModel];
    let names = this.#models.get(key);
    if (names === undefined) {
      const isNew = requestModel.length <= nameLengthMax && this.#models.size < modelsMax;
      if (!isNew || !call.isKnown()) return [other, responseModel === "" ? "" : other];
      names = this.#models.set(key, new Set());
    }
    if (responseModel === "" || responseModel === requestModel || names.has(responseModel))
      return [requestModel, responseModel];
    if (names.size >= responseModelsMax || responseModel.length > nameLengthMax)
      return [requestModel, other];
    names.add(responseModel);
    return [requestModel, responseModel];
  }
}
