/** What commands that ask a running gateway share: its address, the key, requests in JSON, failures in words. */

import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { type FlagRow, flagsFrom } from "#config/flags.ts";
import { problemText } from "#yaml/problem.ts";
import type { Terminal } from "./terminal.ts";
import { printable } from "./text-table.ts";

const responseTimeoutMs = 10_000;

/** A flag, and what holds without it. */
export type HelpRow = FlagRow & { readonly fallback?: string };

/** Flags that say which gateway is asked, and with which key. */
export const gatewayRows = [
  {
    name: "server",
    value: "address",
    fallback: "http://127.0.0.1:8080; POLYGATE_URL",
    description: "the gateway that is asked",
  },
  {
    name: "key-file",
    value: "file",
    fallback: "POLYGATE_API_KEY",
    description: "file that holds the key to show it",
  },
] as const satisfies readonly HelpRow[];

/** Flags by name. */
export type Flags = ReadonlyMap<string, readonly string[]>;

/** Flags by name, or undefined when there were problems, which are reported then. */
export function readFlags(
  argv: readonly string[],
  rows: readonly FlagRow[],
  { err }: Terminal,
): Flags | undefined {
  const { values, problems } = flagsFrom(argv, rows);
  for (const problem of problems) err(problemText(problem));
  return problems.length === 0 ? values : undefined;
}

/** A gateway that is asked over REST. */
export interface AskedGateway {
  /** The response to a request. Rejects with what went wrong, in words. */
  ask<T>(method: string, path: string, body?: unknown): Promise<T>;
}

/** The gateway that flags and environment name; undefined when they name none, which is reported then. */
export function gatewayFrom(values: Flags, { env, cwd, err }: Terminal): AskedGateway | undefined {
  const server = values.get("server")?.[0] ?? env.POLYGATE_URL ?? "http://127.0.0.1:8080";
  if (!URL.canParse("/", server)) {
    err("flag --server: expected an address such as http://127.0.0.1:8080");
    return undefined;
  }
  return {
    async ask<T>(method: string, path: string, body?: unknown): Promise<T> {
      const keyFile = values.get("key-file")?.[0];
      const key =
        keyFile === undefined
          ? env.POLYGATE_API_KEY
          : readFileSync(resolve(cwd, keyFile), "utf8").trim();
      const response = await fetch(new URL(path, server), {
        method,
        headers: {
          ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
          ...(body === undefined ? {} : { "content-type": "application/json" }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        signal: AbortSignal.timeout(responseTimeoutMs),
      });
      const told = await response.json();
      if (response.ok) return told as T;
      const { error } = told as { readonly error?: { readonly message?: string } };
      throw new Error(`the gateway responds ${response.status}: ${error?.message ?? ""}`);
    },
  };
}

/** What was thrown, in words; those of its cause where that says more, as with a connection that is refused. */
export function failureText(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown);
  const { message, cause } = thrown;
  const isMore = cause instanceof Error && cause.message !== "";
  return printable(isMore ? `${message}: ${cause.message}` : message);
}
