/** What the rules and boards of `deploy` say: their expressions, their alerts, and the metrics that these name. */

import { readFileSync } from "node:fs";
import { parse } from "yaml";
import { boards } from "../../deploy/grafana/source/boards.ts";
import { board } from "../../deploy/grafana/source/panels.ts";

/** A rule of the file for Prometheus. */
export interface Rule {
  readonly alert?: string;
  readonly record?: string;
  readonly expr: string;
  for?: string;
}

/** The file of the rules. */
export interface RulesFile {
  readonly groups: readonly { readonly name: string; readonly rules: readonly Rule[] }[];
}

/** An expression of a panel. */
export interface PanelQuery {
  readonly board: string;
  readonly panel: string;
  readonly expr: string;
}

/** A variable of a board that asks Prometheus for its values. */
export interface BoardVariable {
  readonly board: string;
  readonly name: string;
  /** `label_values(selector, label)`, taken apart. */
  readonly selector: string;
  readonly label: string;
}

/** The folder of the files for Prometheus. */
export const prometheusFolder = new URL("../../deploy/prometheus/", import.meta.url);

/** The rules, read anew. */
export function rulesFile(): RulesFile {
  return parse(readFileSync(new URL("polygate-rules.yml", prometheusFolder), "utf8"));
}

/** The boards as Grafana reads them, by the names of their files. */
export function boardFiles(): ReadonlyMap<string, string> {
  return new Map(
    boards.map((spec) => [
      `polygate-${spec.name}.json`,
      `${JSON.stringify(board(spec), null, 2)}\n`,
    ]),
  );
}

/** All expressions of all panels. */
export const panelQueries: readonly PanelQuery[] = boards.flatMap(({ name, rows }) =>
  rows.flatMap(({ panels }) =>
    panels.flatMap(({ title, queries }) =>
      queries.map(([expr]) => ({ board: name, panel: title, expr })),
    ),
  ),
);

/** The variables of the boards, without that of the data source. */
export const boardVariables: readonly BoardVariable[] = boards.flatMap((spec) =>
  (board(spec).templating?.list ?? []).flatMap(({ name, definition = "" }) => {
    const [, selector, label] = /^label_values\((.*), (\w+)\)$/.exec(definition) ?? [];
    if (selector === undefined || label === undefined) return [];
    return { board: spec.name, name, selector, label };
  }),
);

/** Variables of an expression, replaced as Grafana does: several values are alternatives of a pattern. */
export function filled(expr: string, values: Readonly<Record<string, string>>): string {
  return expr.replaceAll(/\$(\w+)/g, (whole, name: string) => values[name] ?? whole);
}

const words = new Set(["and", "or", "unless", "by", "on", "offset", "bool", "without", "ignoring"]);

/** The metrics that an expression names. */
export function metricsIn(expr: string): readonly string[] {
  const bare = expr
    .replaceAll(/"[^"]*"|'[^']*'/g, "")
    .replaceAll(/\{[^}]*\}|\[[^\]]*\]/g, " ")
    .replaceAll(/\b(by|on|without|ignoring)\s*\([^)]*\)/g, " ");
  return [...bare.matchAll(/[a-zA-Z_:][\w:]*(?!\s*\()\b/g)]
    .filter(({ index, 0: name }) => !/^\s*\(/.test(bare.slice(index + name.length)))
    .filter(({ index }) => !/[\d.]$/.test(bare.slice(0, index)))
    .map(([name]) => name)
    .filter((name) => !words.has(name));
}
