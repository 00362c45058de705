/** What `polygate/fastify` takes and is: its types alone, for programs that mount the gateway in a server of their own. */

import type { FastifyPluginAsync } from "fastify";

/** How the gateway is configured: the same file, environment and names as of `polygate serve`. */
export interface PolygateOptions {
  /** Path of a configuration file, from the working directory; none when absent. What it says of listeners has no effect. */
  readonly config?: string;
  /** Variables that settings are read from; those of the process when absent. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Takes the lines of its log, JSON without line ends; they go where `logging.output` says when absent. */
  readonly log?: (line: string) => void;
}

/**
 * Mounts every service of the gateway in a Fastify server, by gRPC, gRPC-Web and Connect, with all that holds
 * for its calls: identity, limits, validation, routing, metrics, log. Registering rejects with an Error that
 * names each problem of the configuration. When the server closes, calls in progress have `gateway.drain_timeout`.
 */
export declare const polygate: FastifyPluginAsync<PolygateOptions>;
