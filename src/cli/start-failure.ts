/** Explains to the operator why something did not start. Pure. */

import { withoutCredentials } from "#core/redact.ts";

/** An address that should have been listened on. */
export interface WantedAddress {
  readonly name: string;
  readonly host: string;
  readonly port: number;
}

const words: Readonly<Record<string, string>> = {
  EADDRINUSE: "is taken by another process",
  EACCES: "may not be opened by this user",
  EADDRNOTAVAIL: "is not an address of this machine",
  ENOTFOUND: "is an unknown host",
};

/** The fields of a system error that show what it is about. */
interface SystemError extends Error {
  readonly code?: unknown;
  readonly port?: unknown;
  readonly path?: unknown;
}

/**
 * One line. Names the listener when `error` or its cause is about the listener's address, and the
 * setting when it is about the model repository.
 */
export function startFailureText(
  error: unknown,
  wanted: readonly WantedAddress[],
  repositoryPath?: string,
): string {
  for (let inner = error; inner instanceof Error; inner = inner.cause) {
    const { code, port, path }: SystemError = inner;
    if (path !== undefined && path === repositoryPath) {
      return `models.path: ${path} cannot be read (${code})`;
    }
    const reason = typeof code === "string" ? words[code] : undefined;
    const listener =
      wanted.find((one) => one.port === port) ?? (wanted.length === 1 ? wanted[0] : undefined);
    if (reason !== undefined && listener !== undefined) {
      return `listener ${listener.name}: ${listener.host}:${listener.port} ${reason} (${code})`;
    }
  }
  return error instanceof Error ? withoutCredentials(error.message) : "unknown error";
}
