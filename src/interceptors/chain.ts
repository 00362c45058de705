/** The ordered list of interceptors that every call of every surface passes. */

import type { Interceptor } from "@connectrpc/connect";
import type { Clock } from "#core/clock.ts";
import { faultFrom } from "#errors/from-unknown.ts";
import { type CredentialStore, digestStore, inTurn } from "#identity/credentials.ts";
import type { AccessLogDeps } from "#observability/access-line.ts";
import type { Logger } from "#observability/logger.ts";
import type { Stats } from "#observability/stats.ts";
import { accessLog } from "./access-log.ts";
import { type Authentication, type AuthOptions, authentication } from "./authenticate.ts";
import { authorize } from "./authorize.ts";
import { capture } from "./capture.ts";
import { withLimitSetting } from "./limit-setting.ts";
import type { CallMetrics } from "./metric-families.ts";
import { callMetrics } from "./metrics.ts";
import { outcomes } from "./outcome.ts";
import { type RateLimitOptions, rateLimit } from "./rate-limit.ts";
import { validate } from "./validate.ts";

/** What the chain is built from. */
export interface ChainOptions {
  readonly auth: AuthOptions;
  /** Absent: no limits. */
  readonly rateLimit?: RateLimitOptions;
  /** Most of a message that is kept with recent calls, in bytes; absent: nothing is. */
  readonly captureBytesMax?: number | undefined;
  /** Time limit of a unary call in milliseconds; 0 means none. */
  readonly timeoutMs: number;
  /** Largest upload in bytes, if it is not that of every body. */
  readonly fileBytesMax?: number;
}

/** What the chain writes to. */
export interface ChainDeps extends Pick<AccessLogDeps, "journal"> {
  readonly logger: Logger;
  readonly metrics: CallMetrics;
  readonly stats: Stats;
  readonly clock: Clock;
  /** Keys that are kept in a store, asked after those of the settings. */
  readonly keys?: CredentialStore | undefined;
}

/** What every call passes, and what holds for it on the way. */
export interface Chain {
  /** Outermost first. */
  readonly interceptors: Interceptor[];
  readonly policy: {
    /** Who may have a call's body read at all. */
    readonly admits: Authentication["admits"];
    /** Notified of every call. */
    readonly observer: ReturnType<typeof outcomes>;
    /** Gives every failure a reason, a public text and details, before observer and client get it. */
    readonly translate: (thrown: unknown) => unknown;
    readonly timeoutMs: number;
  };
}

/** Each position has a reason; a new interceptor needs one too. */
export function interceptorChain(options: ChainOptions, deps: ChainDeps): Chain {
  const settled = digestStore(options.auth.keys);
  const store = deps.keys === undefined ? settled : inTurn([settled, deps.keys]);
  const auth = authentication(options.auth, deps.clock, store);
  const interceptors = [
    auth.interceptor, // everything inside may rely on a principal
    authorize(), // a caller without the scope costs no token
    ...(options.rateLimit === undefined ? [] : [rateLimit(options.rateLimit, deps)]), // per principal
    validate(), // the most expensive check runs last
    // Only what is sound is kept.
    ...(options.captureBytesMax === undefined ? [] : [capture(options.captureBytesMax)]),
  ];
  return {
    interceptors,
    policy: {
      admits: auth.admits,
      observer: outcomes([accessLog(deps), callMetrics(deps)]),
      translate: (thrown) => withLimitSetting(faultFrom(thrown), options.fileBytesMax),
      timeoutMs: options.timeoutMs,
    },
  };
}
