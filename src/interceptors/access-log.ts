/** One line a call, once it has ended, at the level that its outcome asks for. */

import type { Clock } from "#core/clock.ts";
import { createAccessLog } from "#observability/access-line.ts";
import type { Logger } from "#observability/logger.ts";
import { callRecordKey } from "./context.ts";
import type { CallWatch } from "./outcome.ts";

/** Logs calls of every surface. */
export function accessLog(logger: Logger, clock: Clock): CallWatch {
  const writeAccess = createAccessLog(logger);
  return () => (values) => {
    const record = values.get(callRecordKey);
    record.called = true;
    return (outcome) => {
      writeAccess(record, { elapsedMs: clock.nowMs() - record.startMs, outcome });
    };
  };
}
