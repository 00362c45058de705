/** The section `redis`: the Redis or Valkey that gateways share. */

import { resolve } from "node:path";
import { z } from "zod";
import { duration, text, textThat } from "#yaml/scalar.ts";
import type { CompileContext } from "./compile-context.ts";
import type { EnvironmentRow } from "./environment-row.ts";
import type { Report } from "./report.ts";
import type { SharedStoreSettings } from "./settings.ts";

/** Without percent signs; undefined for what has others than those of an encoding. */
function decoded(part: string): string | undefined {
  try {
    return decodeURIComponent(part);
  } catch {
    return undefined;
  }
}

/** redis:// or rediss:// with a host, and perhaps user, password, port and the number of a database. */
function redisUrlOf(written: string): URL | undefined {
  const url = URL.parse(written);
  if (url === null || !["redis:", "rediss:"].includes(url.protocol)) return undefined;
  const isWhole = url.hostname !== "" && url.search === "" && url.hash === "";
  const isDecoded = decoded(url.username) !== undefined && decoded(url.password) !== undefined;
  return isWhole && isDecoded && /^(\/\d{0,5})?$/.test(url.pathname) ? url : undefined;
}

const redisUrl = () =>
  textThat(
    "an address such as redis://user:password@host:6379/0, or rediss:// for TLS",
    (written) => redisUrlOf(written) !== undefined,
  );

/** The section of the file. */
export const redis = z.strictObject({
  url: redisUrl()
    .optional()
    .describe(
      "Redis or Valkey in which gateways share rate limits, and logouts of the portal; `rediss://` for TLS. Each is by itself when absent.",
    ),
  cluster: z
    .array(redisUrl())
    .min(1)
    .optional()
    .describe(
      "In place of `url`: nodes of a cluster, which list the others; user and password as in the first.",
    ),
  ca_file: text()
    .optional()
    .describe(
      "PEM authorities that the certificates of `rediss://` are checked against; the system's if absent.",
    ),
  timeout: duration("1m")
    .prefault("50ms")
    .describe("Time of one command, and the longest that a call waits for one."),
  on_store_error: z
    .enum(["local", "deny", "allow"])
    .prefault("local")
    .describe(
      "While it is away each gateway limits by itself, to its share (`local`), refuses calls with 503 (`deny`), or limits none (`allow`).",
    ),
});

type FileRedis = z.output<typeof redis>;

/** Environment names of the section. */
export const redisRows: readonly EnvironmentRow[] = [{ name: "REDIS_URL", path: ["redis", "url"] }];

const portDefault = 6379;

/** Absent where none is named. */
export function redisFrom(
  { url, cluster, ca_file, timeout: commandMs, on_store_error: onStoreError }: FileRedis,
  { folder, tlsProblems }: CompileContext,
  report: Report,
): SharedStoreSettings | undefined {
  if (url !== undefined && cluster !== undefined) {
    report(["redis", "cluster"], "cannot be combined with `redis.url`", "keep one of them");
  }
  const urls = (cluster ?? (url === undefined ? [] : [url])).flatMap((written) => {
    const read = redisUrlOf(written);
    return read === undefined ? [] : [read];
  });
  const [first] = urls;
  if (first === undefined) {
    if (ca_file !== undefined) report(["redis", "ca_file"], "needs `redis.url`");
    return undefined;
  }
  if (cluster !== undefined) checkCluster(urls, report);
  const isEncrypted = first.protocol === "rediss:";
  if (ca_file !== undefined && !isEncrypted) {
    report(["redis", "ca_file"], "needs an address that begins with rediss://");
  }
  const caFile = ca_file === undefined ? {} : { caFile: resolve(folder, ca_file) };
  for (const { key, message } of tlsProblems(caFile)) report(["redis", key], message);
  return {
    nodes: urls.map(({ hostname, port }) => ({
      host: hostname.replace(/^\[(.*)\]$/, "$1"),
      port: port === "" ? portDefault : Number(port),
    })),
    isCluster: cluster !== undefined,
    onStoreError,
    commandMs,
    database: Number(first.pathname.slice(1)),
    ...credentialsOf(first),
    ...(isEncrypted && { tls: caFile }),
  };
}

function credentialsOf({ username, password }: URL) {
  return {
    ...(username === "" ? {} : { username: decodeURIComponent(username) }),
    ...(password === "" ? {} : { password: decodeURIComponent(password) }),
  };
}

/** A cluster has one database, and is encrypted as a whole or not at all. */
function checkCluster(urls: readonly URL[], report: Report): void {
  for (const [index, { pathname, protocol }] of urls.entries()) {
    const path = ["redis", "cluster", index];
    if (Number(pathname.slice(1)) !== 0) report(path, "names a database, and a cluster has one");
    if (protocol !== urls[0]?.protocol) report(path, "is not of the scheme of the first address");
  }
}
