/** Programs that a machine may have or not. */

import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A folder for what benchmarks write, gone with the process. */
export const folder = mkdtempSync(join(tmpdir(), "polygate-bench-"));
process.once("exit", () => rmSync(folder, { recursive: true, force: true }));

/** Whether a program is on the path. */
export function isInstalled(program: string): boolean {
  return spawnSync("sh", ["-c", `command -v ${program}`]).status === 0;
}

/** What a program says of its version, or that it is missing. */
export function versionOf(program: string, ...args: readonly string[]): string {
  const { stdout, stderr, status } = spawnSync(program, args, { encoding: "utf8" });
  return status === 0 ? (`${stdout}${stderr}`.trim().split("\n")[0] ?? "") : `no ${program}`;
}

/** Command of a Redis that keeps nothing on the disk. */
export function redisServer(port: number): readonly string[] {
  const options = ["--bind", "127.0.0.1", "--dir", folder, "--save", "", "--appendonly", "no"];
  return ["redis-server", "--port", String(port), ...options];
}

/** Command of an nginx that passes gRPC on to a port of this machine. */
export function nginxTo(upstreamPort: number) {
  return (port: number): readonly string[] => {
    const home = join(folder, `nginx-${port}`);
    mkdirSync(home);
    const file = join(home, "nginx.conf");
    writeFileSync(file, nginxConfig(port, upstreamPort));
    return ["nginx", "-p", home, "-e", "stderr", "-c", file];
  };
}

function nginxConfig(port: number, upstreamPort: number): string {
  return `daemon off;
master_process off;
pid nginx.pid;
error_log stderr crit;
worker_rlimit_nofile 4096;
events { worker_connections 2048; }
http {
  access_log off;
  keepalive_requests 1000000000;
  client_body_temp_path body;
  proxy_temp_path proxy;
  fastcgi_temp_path fastcgi;
  uwsgi_temp_path uwsgi;
  scgi_temp_path scgi;
  upstream core {
    server 127.0.0.1:${upstreamPort};
    keepalive 256;
    keepalive_requests 1000000000;
  }
  server {
    listen 127.0.0.1:${port} http2;
    http2_max_concurrent_streams 256;
    location / { grpc_pass grpc://core; }
  }
}
`;
}
