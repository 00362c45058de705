/** Gateways in front of a backend: ours, and others', which are installed for benchmarks alone and never are dependencies. */

import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { builtProgram } from "./built-program.ts";
import { benchKey } from "./chat.ts";
import type { Contender } from "./contest.ts";
import { models, upstreamKey } from "./llm.ts";
import type { Call } from "./load.ts";
import { folder } from "./programs.ts";

/** Command of the whole gateway, from source or built, with these settings beside those that every measurement has. */
export function gateway(
  settings: object,
  kind: "source" | "built" = "source",
): Contender["command"] {
  const program = kind === "built" ? [builtProgram()] : ["-C", "source", "src/cli/main.ts"];
  const noModels = join(folder, "no-models");
  mkdirSync(noModels, { recursive: true });
  return (port) => {
    const file = join(folder, `gateway-${port}.yaml`);
    const config = {
      gateway: { host: "127.0.0.1", port },
      auth: { keys: [{ name: "bench", key: benchKey }] },
      rate_limiting: { requests_per_minute: 1e9, burst: 1e9 },
      models: { path: noModels },
      ...settings,
    };
    writeFileSync(file, JSON.stringify(config));
    return [process.execPath, ...program, "serve", "--config", file];
  };
}

const home = resolve(".cache/bench");
const portkey = { version: "1.15.2", home: join(home, "portkey") };
// 1.82.7, 1.82.8 and 1.107.0 were malicious: a version is only taken once it is known to be none.
const litellm = { version: "1.105.7", home: join(home, "litellm") };
const portkeyProgram = join(portkey.home, "node_modules/@portkey-ai/gateway/build/start-server.js");
const litellmProgram = join(litellm.home, "bin/litellm");

/** Installs the others' gateways, those that are missing; it takes minutes. */
export function installGateways(): void {
  const run = (program: string, ...args: readonly string[]) =>
    execFileSync(program, args, { stdio: "inherit" });
  if (!existsSync(portkeyProgram)) {
    mkdirSync(portkey.home, { recursive: true });
    run(
      ...[
        "npm",
        "install",
        "--prefix",
        portkey.home,
        "--ignore-scripts",
        "--no-audit",
        "--no-fund",
      ],
      `@portkey-ai/gateway@${portkey.version}`,
    );
  }
  if (!existsSync(litellmProgram)) {
    run("python3", "-m", "venv", litellm.home);
    run(
      ...[join(litellm.home, "bin/pip"), "install", "--quiet", "--only-binary", ":all:"],
      `litellm[proxy]==${litellm.version}`,
    );
  }
}

/** A gateway where it is installed; none, and the reason printed, where it is not. */
function installed(program: string, contender: Contender): readonly Contender[] {
  if (existsSync(program)) return [contender];
  console.error(`${contender.name} is left out: npm run bench llm -- --install installs it`);
  return [];
}

/** Without it each of Portkey's streams fails on this Node: it adds to the headers that fetch gave it, which are immutable. */
const mutableHeaders = `data:text/javascript,${encodeURIComponent(`
const { fetch, Response } = globalThis;
globalThis.fetch = async (...request) => {
  const { body, status, headers } = await fetch(...request);
  return new Response(body, { status, headers: new Headers(headers) });
};`)}`;

/** Portkey's gateway, which is told its provider by each request. */
export function portkeyTo(upstreamPort: number, fields: Call["fields"]): readonly Contender[] {
  return installed(portkeyProgram, {
    name: `Portkey ${portkey.version}`,
    command: (port) => [
      ...[process.execPath, "--import", mutableHeaders],
      ...[portkeyProgram, `--port=${port}`, "--headless"],
    ],
    call: {
      fields: [
        ...fields,
        ["x-portkey-provider", "openai"],
        ["x-portkey-custom-host", `http://127.0.0.1:${upstreamPort}/v1`],
      ],
    },
  });
}

/** LiteLLM's proxy: one worker, no database, one key, nothing fetched at its start. */
export function litellmTo(upstreamPort: number): readonly Contender[] {
  // It refuses to start with a weak one.
  const key = `sk-${randomBytes(32).toString("hex")}`;
  return installed(litellmProgram, {
    name: `LiteLLM ${litellm.version}`,
    startTimeoutMs: 120_000,
    call: {
      fields: [
        ["content-type", "application/json"],
        ["authorization", `Bearer ${key}`],
      ],
    },
    command: (port) => {
      const file = join(folder, `litellm-${port}.yaml`);
      const config = {
        model_list: Object.values(models).map((name) => ({
          model_name: name,
          litellm_params: {
            model: `openai/${name.split("/")[1]}`,
            api_base: `http://127.0.0.1:${upstreamPort}/v1`,
            api_key: upstreamKey,
          },
        })),
        general_settings: { master_key: key },
        litellm_settings: { telemetry: false },
      };
      writeFileSync(file, JSON.stringify(config));
      return [
        ...["env", "LITELLM_LOG=ERROR", "LITELLM_LOCAL_MODEL_COST_MAP=True"],
        ...[litellmProgram, "--config", file, "--host", "127.0.0.1", "--port", String(port)],
        ...["--num_workers", "1", "--telemetry", "False"],
      ];
    },
  });
}
