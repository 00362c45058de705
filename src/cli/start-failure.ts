/** Why something did not start, in words for the operator. Pure. */

/** What is known of an address that somebody wanted to listen on. */
export interface WantedAddress {
  readonly name: string;
  readonly host: string;
  readonly port: number;
}

const words: Readonly<Record<string, string>> = {
  EADDRINUSE: "is taken by another process",
  EACCES: "may not be opened by this user",
  EADDRNOTAVAIL: "is no address of this machine",
  ENOTFOUND: "is no host that is known",
};

/** A system error, as far as it says what it is about. */
interface SystemError extends Error {
  readonly code?: unknown;
  readonly port?: unknown;
  readonly path?: unknown;
}

/**
 * One line; names the listener when `error`, or what caused it, is about its address, and the
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
  return error instanceof Error ? error.message : "unknown error";
}
