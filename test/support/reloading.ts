/** A gateway as a process of its own whose configuration changes while it runs. */

import { execFileSync } from "node:child_process";
import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fromSource, type PolygateProcess, startProcess } from "./polygate-process.ts";
import { temporaryFolder } from "./temporary-folder.ts";

/** The key of the administrator that every configuration here has. */
export const adminKey = "reloading-admin-key-0001";

/** A configuration on a free port, without models, and quick to reload. */
export const yamlWith = (more = "", ttl = "5m") => `gateway: { host: 127.0.0.1, port: 0 }
models: { path: models }
auth: { keys: [{ name: admin, key: ${adminKey}, scopes: [admin] }] }
cache: { ttl: ${ttl} }
${more}
`;

/** What the gateway tells of its configuration. */
export interface ToldStatus {
  readonly hash: string;
  readonly generation: number;
  readonly last_cause?: string;
  readonly last_outcome?: {
    readonly result: string;
    readonly problems?: readonly string[];
    readonly restart_settings?: readonly string[];
  };
}

/** A process and the folder that its configuration is in. */
export interface ReloadingGateway extends AsyncDisposable {
  readonly process: PolygateProcess;
  readonly url: string;
  readonly folder: string;
  /** Writes a file in place. */
  write(name: string, content: string | Uint8Array): void;
  /** Writes a file beside it, and has that take its name. */
  replace(name: string, content: string): void;
  /** Puts these files where all others were, as the kubelet does: by a symbolic link that is renamed. */
  mount(files: Readonly<Record<string, string>>): void;
  status(): Promise<ToldStatus>;
  reload(): Promise<NonNullable<ToldStatus["last_outcome"]>>;
  /** Lines of the log with this message. */
  lines(message: string): readonly Record<string, unknown>[];
}

/** Files as the kubelet mounts them, in a folder. */
function mountIn(folder: string, count: number, files: Readonly<Record<string, string>>): void {
  const data = `..2026_${count}`;
  mkdirSync(join(folder, data));
  for (const [name, text] of Object.entries(files)) {
    writeFileSync(join(folder, data, name), text);
    if (count === 1) symlinkSync(join("..data", name), join(folder, name));
  }
  symlinkSync(data, join(folder, "..data_tmp"));
  renameSync(join(folder, "..data_tmp"), join(folder, "..data"));
  if (count > 1) rmSync(join(folder, `..2026_${count - 1}`), { recursive: true });
}

/** Starts one with these files, of which `gateway.yaml` is read; mounted as a ConfigMap where that is wanted. */
export async function startReloading(
  files: Readonly<Record<string, string>>,
  { mounted = false, env = {} }: { mounted?: boolean; env?: Readonly<Record<string, string>> } = {},
): Promise<ReloadingGateway> {
  await using opening = new AsyncDisposableStack();
  const { path: folder } = opening.use(await temporaryFolder());
  mkdirSync(join(folder, "models"));
  let mounts = 0;
  const mount = (some: typeof files) => {
    mounts += 1;
    mountIn(folder, mounts, some);
  };
  if (mounted) mount(files);
  else for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  const process = opening.use(
    await startProcess({
      command: fromSource("serve", "--config", join(folder, "gateway.yaml")),
      env: { PATH: globalThis.process.env.PATH, ...env },
    }),
  );
  const url = (process.urls[0] ?? "").replace("localhost", "127.0.0.1");
  const headers = { authorization: `Bearer ${adminKey}` };
  const owned = opening.move();
  return {
    ...{ process, url, folder, mount },
    write: (name, content) => writeFileSync(join(folder, name), content),
    replace(name, content) {
      writeFileSync(join(folder, `${name}.new`), content);
      renameSync(join(folder, `${name}.new`), join(folder, name));
    },
    async status() {
      const response = await fetch(`${url}/api/v1/config/status`, { headers });
      return (await response.json()) as ToldStatus;
    },
    async reload() {
      const method = "POST";
      const response = await fetch(`${url}/api/v1/config:reload`, { method, headers });
      return ((await response.json()) as { outcome: { result: string } }).outcome;
    },
    lines: (message) =>
      process
        .output()
        .split("\n")
        .filter((line) => line.endsWith(`"msg":"${message}"}`))
        .map((line) => JSON.parse(line)),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** Makes a pipe of a name. */
export function makePipe(path: string): void {
  execFileSync("mkfifo", [path]);
}
