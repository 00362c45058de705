/** One line a call, once it has ended, at the level that its outcome asks for. */

import type { Interceptor } from "@connectrpc/connect";
import type { Clock } from "#core/clock.ts";
import { createAccessLog } from "#observability/access-line.ts";
import type { Logger } from "#observability/logger.ts";
import { callRecordKey } from "./context.ts";
import { observe } from "./outcome.ts";

/** Logs calls of every surface. */
export function accessLog(logger: Logger, clock: Clock): Interceptor {
  const writeAccess = createAccessLog(logger);
  return (next) => (request) => {
    const record = request.contextValues.get(callRecordKey);
    record.called = true;
    return observe(next, request, (outcome) => {
      writeAccess(record, { elapsedMs: clock.nowMs() - record.startMs, outcome });
    });
  };
}
