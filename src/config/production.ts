/** What production refuses to start with besides weak keys of callers, which are judged where they are read. */

import { isIP } from "node:net";
import { accessOf } from "#identity/access.ts";
import type { Path } from "#yaml/problem.ts";
import type { CompileContext } from "./compile-context.ts";
import type { Report } from "./report.ts";
import type { FileConfig } from "./schema.ts";
import { type SecretKind, weaknessOf } from "./secret-strength.ts";
import type { Settings } from "./settings.ts";

/** Whether others than this machine can reach an address to listen on. */
function isPublic(host: string): boolean {
  if (host.toLowerCase() === "localhost") return false;
  return !(isIP(host) === 4 ? host.startsWith("127.") : host === "::1");
}

/** A secret of the configuration, and where it is written. */
interface Secret {
  readonly path: Path;
  readonly secret: string | undefined;
  readonly kind: SecretKind;
  /** Names the place where the path cannot. */
  readonly hint?: string;
}

/** The password in an address. */
function passwordOf(url: string | undefined): string | undefined {
  const { password = "" } = (url === undefined ? null : URL.parse(url)) ?? {};
  if (password === "") return undefined;
  try {
    return decodeURIComponent(password);
  } catch {
    return password;
  }
}

function secretsOf(config: FileConfig, { providers }: Pick<Settings, "providers">): Secret[] {
  const { auth, relay, hooks, history, redis } = config;
  const { key_store: keyStore } = auth;
  return [
    { path: ["auth", "identity_secret"], secret: auth.identity_secret, kind: "signing" },
    { path: ["relay", "id_secret"], secret: relay.id_secret, kind: "own" },
    { path: ["history", "url"], secret: passwordOf(history.url), kind: "database" },
    { path: ["auth", "key_store", "url"], secret: passwordOf(keyStore?.url), kind: "database" },
    { path: ["redis", "url"], secret: passwordOf(redis.url), kind: "database" },
    ...(redis.cluster ?? []).map(
      (url, index): Secret => ({
        path: ["redis", "cluster", index],
        secret: passwordOf(url),
        kind: "database",
      }),
    ),
    ...hooks.map(
      ({ token }, index): Secret => ({
        path: ["hooks", index, "token"],
        secret: token,
        kind: "own",
      }),
    ),
    ...providers.flatMap(({ name, keys, source }) =>
      keys.map((secret, index): Secret => {
        const written = config.providers[name];
        if (written?.api_keys !== undefined) {
          return { path: ["providers", name, "api_keys", index], secret, kind: "given" };
        }
        const path = ["providers", name, "api_key"];
        if (written?.api_key !== undefined) return { path, secret, kind: "given" };
        return { path, secret, kind: "given", hint: `set by ${source}` };
      }),
    ),
  ];
}

/** Where auth must be on, it is off: the listeners that others can reach by which calls can be made. */
function openListeners(
  { trusted_proxies: proxies }: FileConfig,
  { auth, listeners }: Pick<Settings, "auth" | "listeners">,
): readonly string[] {
  // Behind a proxy of this machine everybody comes from it.
  return listeners
    .filter(({ name }) => !accessOf(auth, name).enabled)
    .filter(({ host }) => proxies.length > 0 || isPublic(host))
    .filter(({ serves }) => serves.some((surface) => surface !== "metrics"))
    .map(({ name }) => name);
}

/** Reports everything that is not safe; nothing outside production. */
export function requireProduction(
  config: FileConfig,
  settings: Pick<Settings, "auth" | "listeners" | "providers">,
  {
    debugger: findDebugger,
    report,
  }: Pick<CompileContext, "debugger"> & { readonly report: Report },
): void {
  if (config.environment !== "production") return;
  for (const { path, secret, kind, hint } of secretsOf(config, settings)) {
    const weakness = secret === undefined ? undefined : weaknessOf(secret, kind);
    if (weakness !== undefined) report(path, weakness.message, hint ?? weakness.hint);
  }
  for (const name of openListeners(config, settings)) {
    const index = config.listeners?.findIndex((one) => one.name === name) ?? -1;
    if (config.listeners?.[index]?.auth?.enabled === false) {
      const hint = "leave it out, or listen on 127.0.0.1";
      report(["listeners", index, "auth", "enabled"], "must be on in production", hint);
    } else {
      report(["auth", "enabled"], "must be on in production", "set API_KEY or auth.keys");
      break;
    }
  }
  const found = findDebugger?.();
  if (found !== undefined) {
    const message = `may not be production with a debugger: ${found} lets anybody who reaches its port run code`;
    report(["environment"], message, "start without --inspect, also in NODE_OPTIONS");
  }
}
