/** The ordered list of interceptors that every call of every surface passes. */

import type { Interceptor } from "@connectrpc/connect";
import type { Clock } from "#core/clock.ts";
import { faultFrom } from "#errors/from-unknown.ts";
import type { CredentialStore } from "#identity/credentials.ts";
import type { Limiter } from "#limits/limiter.ts";
import type { AccessLogDeps } from "#observability/access-line.ts";
import type { Logger } from "#observability/logger.ts";
import type { Stats } from "#observability/stats.ts";
import type { Load } from "#overload/load-monitor.ts";
import { accessLog } from "./access-log.ts";
import { auditTarget } from "./audit-target.ts";
import { type Authentication, type AuthOptions, authentication } from "./authenticate.ts";
import { authorize } from "./authorize.ts";
import { capture } from "./capture.ts";
import { withLimitSetting } from "./limit-setting.ts";
import type { CallMetrics } from "./metric-families.ts";
import { callMetrics } from "./metrics.ts";
import { outcomes } from "./outcome.ts";
import { limitsEnd, rateLimit } from "./rate-limit.ts";
import { type RouteSize, routeSizes } from "./route-sizes.ts";
import { type Shedding, shedding } from "./shed.ts";
import { validate } from "./validate.ts";

/** What the chain is built from. */
export interface ChainOptions {
  readonly auth: AuthOptions;
  /** Most of a message that is kept with recent calls, in bytes; absent: nothing is. */
  readonly captureBytesMax?: number | undefined;
  /** Time limit of a unary call in milliseconds; 0 means none. */
  readonly timeoutMs: number;
  /** Sizes of requests on some routes; absent: all are as large as any. */
  readonly routeSizes?: readonly RouteSize[];
  /** Largest upload in bytes, if it is not that of every body. */
  readonly fileBytesMax?: number;
}

/** What the chain writes to. */
export interface ChainDeps extends Pick<AccessLogDeps, "journal" | "audit" | "traces"> {
  readonly logger: Logger;
  readonly metrics: CallMetrics;
  readonly stats: Stats;
  readonly clock: Clock;
  /** Where credentials are looked up; the keys of the options when absent. */
  readonly credentials?: CredentialStore;
  /** Absent: no limits. */
  readonly limiter?: Limiter | undefined;
  /** Absent: nothing is refused for load. */
  readonly load?: Load | undefined;
}

/** What every call passes, and what holds for it on the way. */
export interface Chain {
  /** Who calls, for what is no call. */
  readonly principalOf: Authentication["principalOf"];
  /** Outermost first. */
  readonly interceptors: Interceptor[];
  readonly policy: {
    /** Who may have a call's body read at all. */
    readonly admits: Authentication["admits"];
    /** Most bytes of an admitted call's body. */
    readonly bodyBytesMax: ReturnType<typeof routeSizes>;
    /** Notified of every call. */
    readonly observer: ReturnType<typeof outcomes>;
    /** Gives every failure a reason, a public text and details, before observer and client get it. */
    readonly translate: (thrown: unknown) => unknown;
    readonly timeoutMs: number;
  };
}

/** Admitted by one, then by the other; a promise only where the first needs one. */
function both(first: Authentication["admits"], then: Shedding["admits"]): Authentication["admits"] {
  return (method, call) => {
    const isAdmitted = first(method, call);
    if (isAdmitted === true) return then(method, call);
    if (isAdmitted === false) return false;
    return isAdmitted.then((may) => may && then(method, call));
  };
}

/** Each position has a reason; a new interceptor needs one too. */
export function interceptorChain(options: ChainOptions, deps: ChainDeps): Chain {
  const auth = authentication(options.auth, deps.clock, deps.credentials);
  const shed = deps.load === undefined ? undefined : shedding({ ...deps, load: deps.load });
  const { limiter } = deps;
  const interceptors = [
    ...(deps.audit === undefined ? [] : [auditTarget()]), // what is denied has a target, too
    auth.interceptor, // everything inside may rely on a principal
    ...(shed === undefined ? [] : [shed.interceptor]), // what is refused for load costs nothing more
    authorize(), // a caller without the scope costs no token
    ...(limiter === undefined ? [] : [rateLimit(limiter, deps)]), // per principal
    validate(), // the most expensive check runs last
    // Only what is sound is kept.
    ...(options.captureBytesMax === undefined ? [] : [capture(options.captureBytesMax)]),
  ];
  return {
    principalOf: auth.principalOf,
    interceptors,
    policy: {
      admits: shed === undefined ? auth.admits : both(auth.admits, shed.admits),
      bodyBytesMax: routeSizes(options.routeSizes ?? []),
      observer: outcomes([
        ...(limiter === undefined ? [] : [limitsEnd()]),
        accessLog(deps),
        callMetrics(deps),
      ]),
      translate: (thrown) => withLimitSetting(faultFrom(thrown), options),
      timeoutMs: options.timeoutMs,
    },
  };
}
