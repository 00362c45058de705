/** Debian's Prometheus and Alertmanager, each in a temporary folder on a free port of loopback. */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { freePort } from "./free-port.ts";
import { missingProgram } from "./needs.ts";
import { type TemporaryFolder, temporaryFolder } from "./temporary-folder.ts";

/** What is missing when they cannot be started. */
export const missingPrometheus =
  missingProgram("prometheus") ?? missingProgram("prometheus-alertmanager");

/** A running server. */
export interface MonitoringServer extends AsyncDisposable {
  readonly url: string;
}

/** One series of a response. */
export interface Series {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: readonly [seconds: number, value: string];
}

/** A running Prometheus. */
export interface PrometheusServer extends MonitoringServer {
  /** What an expression comes to now. */
  query(expr: string): Promise<readonly Series[]>;
  /** Values of a label among the series that a selector finds. */
  labelValues(label: string, selector: string): Promise<readonly string[]>;
  /** Ids of traces among the exemplars of a series, once it has any. */
  traceIds(series: string): Promise<readonly string[]>;
}

/** One series of a response to a query of exemplars. */
interface ExemplarSeries {
  readonly exemplars: readonly { readonly labels: { readonly trace_id?: string } }[];
}

/** The file `prometheus.yml` by which one gateway is scraped each second. */
export function scraping(gatewayUrl: string): string {
  return `global: { scrape_interval: 1s }
scrape_configs: [{ job_name: gateway, static_configs: [{ targets: ["${new URL(gatewayUrl).host}"] }] }]
`;
}

async function startServer(
  program: string,
  folder: TemporaryFolder,
  args: (port: number) => readonly string[],
): Promise<MonitoringServer> {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const said: string[] = [];
  const child: ChildProcess = spawn(program, args(port), { stdio: ["ignore", "pipe", "pipe"] });
  for (const stream of [child.stdout, child.stderr])
    stream?.on("data", (text) => said.push(`${text}`));
  const closed = once(child, "close");
  while (!(await isReady(url))) {
    if (child.exitCode !== null) throw new Error(`${program} ended:\n${said.join("")}`);
    await sleep(50);
  }
  return {
    url,
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await closed;
      await folder[Symbol.asyncDispose]();
    },
  };
}

async function isReady(url: string): Promise<boolean> {
  try {
    return (await fetch(`${url}/-/ready`)).ok;
  } catch {
    return false;
  }
}

/** Starts Prometheus with files in its folder: `prometheus.yml` and what that names. */
export async function startPrometheus(
  files: Readonly<Record<string, string>>,
): Promise<PrometheusServer> {
  const folder = await temporaryFolder();
  for (const [name, text] of Object.entries(files)) await folder.write(name, text);
  const server = await startServer("prometheus", folder, (port) => [
    `--config.file=${folder.path}/prometheus.yml`,
    `--storage.tsdb.path=${folder.path}/data`,
    `--web.listen-address=127.0.0.1:${port}`,
    // Else the first notice waits for a minute when Alertmanager was not known yet.
    "--rules.alert.resend-delay=1s",
    "--enable-feature=exemplar-storage",
  ]);
  const ask = async (path: string) => {
    const response = await fetch(`${server.url}${path}`);
    const { data, error } = (await response.json()) as { data: never; error?: string };
    if (error !== undefined) throw new Error(`${path}: ${error}`);
    return data;
  };
  return {
    ...server,
    async query(expr) {
      const data: { result: Series[] } = await ask(
        `/api/v1/query?query=${encodeURIComponent(expr)}`,
      );
      return data.result;
    },
    labelValues: (label, selector) =>
      ask(`/api/v1/label/${label}/values?match[]=${encodeURIComponent(selector)}`),
    async traceIds(series) {
      for (;;) {
        const nowSeconds = Date.now() / 1000;
        const query = `query=${series}&start=${nowSeconds - 3_600}&end=${nowSeconds + 60}`;
        const data: ExemplarSeries[] = await ask(`/api/v1/query_exemplars?${query}`);
        const ids = data
          .flatMap(({ exemplars }) => exemplars)
          .flatMap(({ labels }) => (labels.trace_id === undefined ? [] : [labels.trace_id]));
        if (ids.length > 0) return ids;
        await sleep(100);
      }
    },
  };
}

/** Starts Alertmanager with this configuration. */
export async function startAlertmanager(config: string): Promise<MonitoringServer> {
  const folder = await temporaryFolder();
  const file = await folder.write("alertmanager.yml", config);
  return await startServer("prometheus-alertmanager", folder, (port) => [
    `--config.file=${file}`,
    `--storage.path=${folder.path}/data`,
    `--web.listen-address=127.0.0.1:${port}`,
    "--cluster.listen-address=",
  ]);
}
