/** `polygate models`: what a running gateway can be asked for. */

import { create } from "@bufbuild/protobuf";
import {
  ListModelsResponseSchema,
  type Model,
  ModelSchema,
  ModelsService,
  type TensorMetadata,
} from "#gen/polygate/v1/models_pb.js";
import { folded } from "#terminal/folded-text.ts";
import { printable, textTable } from "#terminal/text-table.ts";
import { type AskedCommand, callOptions, jsonOf } from "./asked-command.ts";
import type { Flags } from "./asked-gateway.ts";
import { exitDone } from "./exit-codes.ts";
import type { Terminal } from "./terminal.ts";

function priceText({ costPer1kTokens: price }: Model): string {
  if (price === undefined) return "-";
  const perMillion = (dollars: number) => String(Number((dollars * 1000).toPrecision(6)));
  return `${perMillion(price.input)} / ${perMillion(price.output)}`;
}

/** The models in columns. */
function tableOf(all: readonly Model[], columns: number | undefined): string {
  const heads = ["MODEL", "PROVIDER", "THROUGH", "STATE", "CAN", "$ / M TOKENS"];
  const rows = all.map((model) => [
    [model.id, ...model.aliases].join(", "),
    model.provider || "-",
    model.backend || "-",
    model.state || "-",
    model.capabilities.join(" ") || "-",
    priceText(model),
  ]);
  return textTable(heads, rows, { columns });
}

function tensorText({ name, datatype, shape }: TensorMetadata): string {
  return `${name} ${datatype} [${shape.map((size) => (size < 0 ? "?" : size)).join(", ")}]`;
}

/** One model, a line for each of its facts. */
function factsOf(model: Model): string {
  const labels = model.labels.length > 12 ? [...model.labels.slice(0, 12), "…"] : model.labels;
  const facts: readonly (readonly [string, string])[] = [
    ["model", model.id],
    ["also", model.aliases.join(", ")],
    ["type", model.type],
    ["provider", model.provider],
    ["through", model.backend],
    ["state", model.state],
    ["version", model.version],
    ["versions", model.versions.map(({ version, state }) => `${version} ${state}`).join(", ")],
    ["can", model.capabilities.join(" ")],
    ["price", model.costPer1kTokens === undefined ? "" : `$ ${priceText(model)} / M tokens`],
    ["takes", model.inputs.map(tensorText).join(", ")],
    ["gives", model.outputs.map(tensorText).join(", ")],
    ["labels", labels.join(", ")],
    ["error", model.error],
  ];
  return facts
    .filter(([, text]) => text !== "")
    .map(([name, text]) => `${name.padEnd(10)}${printable(text)}`)
    .join("\n");
}

function printedModel(flags: Flags, model: Model | undefined, terminal: Terminal): number {
  const told = model ?? create(ModelSchema);
  terminal.out(
    flags.has("json")
      ? JSON.stringify(jsonOf(ModelSchema, told), undefined, 2)
      : folded(factsOf(told), terminal.columns),
  );
  return exitDone;
}

/** A command that changes a model, and shows how it is then. */
function changing(verb: "load" | "unload" | "reload"): AskedCommand {
  return {
    rows: [],
    async run({ gateway, flags, words: [model = ""], terminal }) {
      const client = gateway.client(ModelsService);
      // Reading a model takes as long as it is large.
      const options = { ...callOptions(terminal), timeoutMs: 0 };
      const told = await client[`${verb}Model`]({ model }, options);
      return printedModel(flags, told.model, terminal);
    },
  };
}

/** `models list`. */
export const listModels: AskedCommand = {
  rows: [],
  async run({ gateway, flags, terminal }) {
    const told = await gateway.client(ModelsService).listModels({}, callOptions(terminal));
    const json = () => JSON.stringify(jsonOf(ListModelsResponseSchema, told), undefined, 2);
    terminal.out(flags.has("json") ? json() : tableOf(told.models, terminal.columns));
    return exitDone;
  },
};

/** `models show`. */
export const showModel: AskedCommand = {
  rows: [],
  async run({ gateway, flags, words: [model = ""], terminal }) {
    const told = await gateway.client(ModelsService).getModel({ model }, callOptions(terminal));
    return printedModel(flags, told, terminal);
  },
};

/** `models load`. */
export const loadModel = changing("load");

/** `models unload`. */
export const unloadModel = changing("unload");

/** `models reload`. */
export const reloadModel = changing("reload");
