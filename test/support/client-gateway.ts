/**
 * The gateway that the packages in `clients` are tried against, and the commands of their READMEs,
 * carried out in an empty folder. Its model `fast` says "Hello there", `slow` goes on thinking,
 * `down` cannot be reached; the key `once` may call once a minute.
 */

import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { dirname } from "node:path";
import { promisify } from "node:util";
import { freePort } from "./free-port.ts";
import { type RunningGateway, startTestGateway } from "./gateway.ts";
import { startProvider } from "./provider-double.ts";
import type { TemporaryFolder } from "./temporary-folder.ts";

/** A key that calls as it likes. */
export const gatewayKey = "your-gateway-key";
/** A key that may call once a minute. */
export const onceKey = "key-that-may-call-once";

/** A gateway for clients. */
export interface ClientGateway extends AsyncDisposable {
  readonly url: string;
  /** Environment by which tests in other languages find it. */
  readonly env: NodeJS.ProcessEnv;
  /** How many calls of the model `down` have reached the gateway so far. */
  triesOfDown(): number;
  /** How many calls of models are in progress at providers. */
  open(): number;
}

/** Starts it. */
export async function startClientGateway(): Promise<ClientGateway> {
  await using opening = new AsyncDisposableStack();
  const fast = opening.use(await startProvider("anthropic"));
  const slow = opening.use(await startProvider("anthropic"));
  slow.delayMs = 60_000;
  const yaml = `
gateway: { host: 127.0.0.1, port: 0 }
auth:
  groups: { once: { requests_per_minute: 1, burst: 1 } }
  keys: [{ name: docs, key: ${gatewayKey} }, { name: once, key: ${onceKey}, group: once }]
providers:
  fast: { dialect: anthropic, base_url: "${fast.url}", api_key: upstream-key }
  slow: { dialect: anthropic, base_url: "${slow.url}", api_key: upstream-key }
  down: { dialect: anthropic, base_url: "http://127.0.0.1:${await freePort()}", api_key: upstream-key }
routes: { default: fast/double, fast: fast/double, slow: slow/double, down: down/double }
`;
  const gateway = opening.use(await startTestGateway({ yaml }));
  const owned = opening.move();
  return {
    url: gateway.url,
    env: {
      ...process.env,
      // The commands' `node` is this one.
      PATH: `${dirname(process.execPath)}:${process.env.PATH}`,
      POLYGATE_URL: gateway.url,
      POLYGATE_KEY: gatewayKey,
      POLYGATE_ONCE_KEY: onceKey,
    },
    triesOfDown: () => failedLines(gateway).length,
    open: () => fast.open() + slow.open(),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

function failedLines({ lines }: RunningGateway): readonly Record<string, unknown>[] {
  return lines.filter(({ reason }) => reason === "BACKEND_LOST" || reason === "POOL_EMPTY");
}

/**
 * Carries a README out in a folder: writes each block that is marked with a file's name, then runs
 * those marked `run` one after the other, on this gateway in place of port 8080. Gives what they printed.
 */
export async function runReadme(
  path: string,
  folder: TemporaryFolder,
  { url, env }: Pick<ClientGateway, "url" | "env">,
): Promise<string> {
  const text = readFileSync(path, "utf8").replaceAll("localhost:8080", new URL(url).host);
  const blocks = [...text.matchAll(/^```\w+ (\S+)\n([\s\S]*?)^```$/gm)];
  const commands: string[] = [];
  for (const [, mark = "", code = ""] of blocks) {
    if (mark === "run") commands.push(code);
    else await folder.write(mark, code);
  }
  if (commands.length === 0) throw new Error(`${path} has nothing to run`);
  const { stdout } = await promisify(execFile)("/bin/sh", ["-ec", commands.join("\n")], {
    cwd: folder.path,
    env,
    maxBuffer: 1 << 24,
  });
  return stdout;
}
