/** The gateway that a command asks: its address, the key, and clients of its services over Connect. */

import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import type { DescService } from "@bufbuild/protobuf";
import { type Client, createClient, type Interceptor } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-node";
import type { FlagRow } from "#config/flags.ts";
import { UsageError } from "./asked-failure.ts";
import type { Terminal } from "./terminal.ts";

const serverDefault = "http://127.0.0.1:8080";
/** How long the response to an ordinary question may take; chats and predictions have no such bound. */
const responseTimeoutMs = 10_000;
/** Largest message that is read. */
const messageBytesMax = 256 * 1024 * 1024;

/** A flag, and what holds without it. */
export type HelpRow = FlagRow & { readonly fallback?: string };

/** Flags that say which gateway is asked, and with which key. */
export const gatewayRows = [
  {
    name: "server",
    value: "address",
    fallback: `${serverDefault}; POLYGATE_URL`,
    description: "address of the gateway",
  },
  {
    name: "key-file",
    value: "file",
    fallback: "POLYGATE_API_KEY",
    description: "file that holds the key to send",
  },
] as const satisfies readonly HelpRow[];

/** Flags by name. */
export type Flags = ReadonlyMap<string, readonly string[]>;

/** A running gateway. */
export interface AskedGateway {
  readonly url: string;
  /** Calls the methods of a service, which reject with a ConnectError. */
  client<S extends DescService>(service: S): Client<S>;
}

/** The gateway that flags and environment name. Throws a UsageError when they name none. */
export function gatewayFrom(flags: Flags, { env, cwd }: Terminal): AskedGateway {
  const server = flags.get("server")?.[0];
  const url = serverUrl(server ?? env.POLYGATE_URL, server === undefined);
  const key = keyFrom(flags.get("key-file")?.[0], env.POLYGATE_API_KEY, cwd);
  const withKey: Interceptor = (next) => (request) => {
    if (key !== undefined) request.header.set("authorization", `Bearer ${key}`);
    return next(request);
  };
  // HTTP/1.1 passes every proxy, and carries all that is asked here: no method streams upwards.
  const transport = createConnectTransport({
    baseUrl: url,
    httpVersion: "1.1",
    interceptors: [withKey],
    defaultTimeoutMs: responseTimeoutMs,
    readMaxBytes: messageBytesMax,
    useBinaryFormat: true,
  });
  return { url, client: (service) => createClient(service, transport) };
}

function serverUrl(written = serverDefault, isVariable: boolean): string {
  const where = isVariable ? "environment POLYGATE_URL" : "flag --server";
  const parsed = URL.parse(written);
  if (parsed === null || !/^https?:$/.test(parsed.protocol)) {
    throw new UsageError(`${where}: expected an address such as ${serverDefault}`);
  }
  if (parsed.username !== "" || parsed.password !== "") {
    throw new UsageError(
      `${where}: holds a credential (hint: put the key into a file and name it by --key-file)`,
    );
  }
  return parsed.href.replace(/\/+$/, "");
}

/** The key, which no message ever repeats. */
function keyFrom(
  file: string | undefined,
  variable: string | undefined,
  cwd: string,
): string | undefined {
  const where = file === undefined ? "environment POLYGATE_API_KEY" : "flag --key-file";
  const key = file === undefined ? variable : keyIn(resolve(cwd, file));
  if (key === undefined || key === "") return undefined;
  if (/^[\x21-\x7e]+$/.test(key)) return key;
  throw new UsageError(`${where}: expected a key alone, on one line, without spaces`);
}

function keyIn(file: string): string {
  try {
    return readFileSync(file, "utf8").trim();
  } catch (thrown) {
    const code = thrown instanceof Error && "code" in thrown ? thrown.code : "unknown";
    throw new UsageError(`flag --key-file: cannot be read (${code})`);
  }
}
