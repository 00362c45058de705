/** The ordered list of interceptors that every call of every surface passes. */

import type { Interceptor } from "@connectrpc/connect";
import type { Clock } from "#core/clock.ts";
import type { Logger } from "#observability/logger.ts";
import type { Metrics } from "#observability/metrics.ts";
import type { Stats } from "#observability/stats.ts";
import { accessLog } from "./access-log.ts";
import { type Authentication, type AuthOptions, authentication } from "./authenticate.ts";
import { authorize } from "./authorize.ts";
import { deadline } from "./deadline.ts";
import { errors } from "./errors.ts";
import { callMetrics } from "./metrics.ts";
import { type RateLimitOptions, rateLimit } from "./rate-limit.ts";
import { validate } from "./validate.ts";

/** What the chain is built from. */
export interface ChainOptions {
  readonly auth: AuthOptions;
  /** Absent: no limits. */
  readonly rateLimit?: RateLimitOptions;
  /** Time limit of a unary call in milliseconds; 0 means none. */
  readonly timeoutMs: number;
}

/** What the chain writes to. */
export interface ChainDeps {
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly stats: Stats;
  readonly clock: Clock;
}

/** The chain, and who may have a call's body read at all. */
export interface Chain {
  /** Outermost first. */
  readonly interceptors: Interceptor[];
  readonly admits: Authentication["admits"];
}

/** Each position has a reason; a new interceptor needs one too. */
export function interceptorChain(options: ChainOptions, deps: ChainDeps): Chain {
  const auth = authentication(options.auth);
  const interceptors = [
    accessLog(deps.logger, deps.clock), // sees every outcome, refusals included
    callMetrics(deps), // counts what the client sees
    errors(), // below the two that want finished errors
    deadline(options.timeoutMs), // bounds all that follows
    auth.interceptor, // everything inside may rely on a principal
    authorize(), // a caller without the scope costs no token
    ...(options.rateLimit === undefined ? [] : [rateLimit(options.rateLimit, deps)]), // per principal
    validate(), // the dearest refusal comes last
  ];
  return { interceptors, admits: auth.admits };
}
