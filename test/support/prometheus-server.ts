/** A real Prometheus that scrapes one gateway, with its store of exemplars on. */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { freePort } from "./free-port.ts";
import { temporaryFolder } from "./temporary-folder.ts";

/** A running Prometheus. */
export interface PrometheusServer extends AsyncDisposable {
  /** Resolves with the ids of traces that it has for a series, once it has any. */
  exemplars(series: string): Promise<readonly string[]>;
}

/** Its answer to a query of exemplars. */
interface ExemplarAnswer {
  readonly data?: readonly {
    readonly exemplars: readonly { readonly labels: { readonly trace_id?: string } }[];
  }[];
}

/** Starts one on a free port of loopback. */
export async function startPrometheus(gatewayUrl: string): Promise<PrometheusServer> {
  const folder = await temporaryFolder();
  const port = await freePort();
  await folder.write(
    "prometheus.yml",
    `global: { scrape_interval: 1s }
scrape_configs: [{ job_name: gateway, static_configs: [{ targets: ["${new URL(gatewayUrl).host}"] }] }]
`,
  );
  const child = spawn(
    "prometheus",
    [
      `--config.file=${folder.path}/prometheus.yml`,
      `--storage.tsdb.path=${folder.path}/data`,
      `--web.listen-address=127.0.0.1:${port}`,
      "--enable-feature=exemplar-storage",
      "--log.level=error",
    ],
    { stdio: "ignore" },
  );
  const ask = async (series: string): Promise<readonly string[]> => {
    const query = new URLSearchParams({
      query: series,
      start: String(Date.now() / 1000 - 3_600),
      end: String(Date.now() / 1000 + 60),
    });
    const url = `http://127.0.0.1:${port}/api/v1/query_exemplars?${query}`;
    const answer = await fetch(url).then(
      async (response) => (await response.json()) as ExemplarAnswer,
      () => undefined,
    );
    const found = answer?.data?.flatMap(({ exemplars }) => exemplars) ?? [];
    return found.flatMap(({ labels }) => (labels.trace_id === undefined ? [] : [labels.trace_id]));
  };
  return {
    async exemplars(series) {
      for (;;) {
        const found = await ask(series);
        if (found.length > 0) return found;
        if (child.exitCode !== null) throw new Error("prometheus has stopped");
        await sleep(100);
      }
    },
    async [Symbol.asyncDispose]() {
      const ended = once(child, "exit");
      child.kill("SIGKILL");
      await ended;
      await folder[Symbol.asyncDispose]();
    },
  };
}
