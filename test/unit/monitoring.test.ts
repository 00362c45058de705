/** Rules and boards: they name metrics that the gateway has, promtool reads them, and each alert fires where it should and only there. */

import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { parse, stringify } from "yaml";
import { makersOn } from "#observability/metric-makers.ts";
import { workersFamilies } from "#workers/metric-families.ts";
import { createMetrics } from "../../src/metrics.ts";
import {
  boardFiles,
  filled,
  metricsIn,
  panelQueries,
  prometheusFolder,
  rulesFile,
} from "../support/monitoring-files.ts";
import { missingProgram, testWith } from "../support/needs.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const rules = rulesFile().groups.flatMap((group) => group.rules);
const alerts = rules.flatMap(({ alert }) => alert ?? []);

/** All names that a page of metrics has: those of families, and what histograms make of theirs. */
function exportedNames(): ReadonlySet<string> {
  const { registry } = createMetrics();
  workersFamilies(makersOn(registry));
  return new Set(
    registry.getMetricsAsArray().flatMap((family) => {
      const { name } = family;
      const type = String((family as unknown as { type?: unknown }).type);
      const isHistogram = type === "histogram" || "buckets" in family;
      return isHistogram ? [`${name}_bucket`, `${name}_sum`, `${name}_count`] : [name];
    }),
  );
}

function run(program: string, ...args: string[]) {
  const cwd = fileURLToPath(prometheusFolder);
  const { status, stdout, stderr } = spawnSync(program, args, { cwd, encoding: "utf8" });
  return { status, said: `${stdout}${stderr}` };
}

describe("metrics", () => {
  test("are found in an expression, and nothing else of it is taken for one", () => {
    const expr =
      'histogram_quantile(0.95, sum by (le, a) (rate(x_bucket{b="c_d"}[5m]))) > 1e3 and on (a) y:z offset 1m or vector(0)';
    expect(metricsIn(expr)).toEqual(["x_bucket", "y:z"]);
  });

  test("of every rule and panel are those of the gateway, of Prometheus itself, or recorded before", () => {
    const known = new Set([...exportedNames(), "up"]);
    const unknown: string[] = [];
    for (const { expr, record } of rules) {
      unknown.push(...metricsIn(expr).filter((name) => !known.has(name)));
      if (record !== undefined) known.add(record);
    }
    for (const { expr } of panelQueries) {
      unknown.push(...metricsIn(expr).filter((name) => !known.has(name)));
    }
    expect(unknown).toEqual([]);
  });
});

describe("alerts", () => {
  test("each has a severity, a summary and a description", () => {
    for (const rule of rules) {
      if (rule.alert === undefined) continue;
      expect(rule).toMatchObject({
        labels: { severity: expect.stringMatching(/^(warning|critical|page)$/) },
        annotations: { summary: expect.any(String), description: expect.any(String) },
      });
    }
  });

  test("each is tested in a case in which it fires, and in one in which it does not", () => {
    const file = readFileSync(new URL("polygate-rules.test.yml", prometheusFolder), "utf8");
    const cases = (parse(file).tests as { alert_rule_test: RuleTest[] }[]).flatMap(
      (one) => one.alert_rule_test,
    );
    const tested = (fires: boolean) =>
      new Set(
        cases
          .filter(({ exp_alerts }) => exp_alerts.length > 0 === fires)
          .map(({ alertname }) => alertname),
      );
    expect(alerts.filter((alert) => !tested(true).has(alert))).toEqual([]);
    expect(alerts.filter((alert) => !tested(false).has(alert))).toEqual([]);
  });

  testWith(missingProgram("promtool"))(
    "promtool finds them well and well tested",
    () => {
      expect(run("promtool", "check", "config", "prometheus.yml")).toMatchObject({ status: 0 });
      const { status, said } = run("promtool", "test", "rules", "polygate-rules.test.yml");
      expect(said).toContain("SUCCESS");
      expect(status).toBe(0);
    },
    60_000,
  );

  testWith(missingProgram("amtool"))("amtool reads the configuration of Alertmanager", () => {
    expect(run("amtool", "check-config", "alertmanager.yml")).toMatchObject({ status: 0 });
  });
});

interface RuleTest {
  readonly alertname: string;
  readonly exp_alerts: readonly unknown[];
}

describe("boards", () => {
  test("are what their code makes: npm run dashboards", () => {
    const folder = new URL("../grafana/dashboards/", prometheusFolder);
    const written = readdirSync(folder).map((name) => [
      name,
      readFileSync(new URL(name, folder), "utf8"),
    ]);
    expect(new Map(written as [string, string][])).toEqual(boardFiles());
  });

  testWith(missingProgram("promtool"))("promtool reads every expression", async () => {
    await using folder = await temporaryFolder();
    const values = {
      job: ".*",
      instance: ".*",
      provider: ".*",
      model: ".*",
      __rate_interval: "1m",
    };
    const file = await folder.write(
      "boards.yml",
      stringify({
        groups: [
          {
            name: "boards",
            rules: panelQueries.map(({ expr }, index) => ({
              record: `panel:${index}`,
              expr: filled(expr, values),
            })),
          },
        ],
      }),
    );
    const { status, said } = run("promtool", "check", "rules", file);
    expect(said).toContain(`${panelQueries.length} rules found`);
    expect(status).toBe(0);
  });
});
