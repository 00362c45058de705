/** What a client is told about its gateway. */

/** Options of every client. */
export interface ClientOptions {
  /** Address of the gateway, such as `https://gateway.example.com`. */
  readonly baseUrl: string;
  /** Key or token of the caller; none where the gateway asks for none. */
  readonly apiKey?: string;
  /** Deadline of calls that name none (`timeoutMs`), in milliseconds, streams included; 60000 when absent. */
  readonly defaultTimeoutMs?: number;
  /** Tries of one call in all; 3 when absent, 1 never repeats. */
  readonly attemptsMax?: number;
}

/** Deadline of calls that name none, in milliseconds. */
export const defaultTimeoutMs = 60_000;
