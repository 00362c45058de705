/** One line per call, once it and its exchange have ended, at the level that its outcome asks for. */

import type { Clock } from "#core/clock.ts";
import { createAccessLog } from "#observability/access-line.ts";
import type { Logger } from "#observability/logger.ts";
import { callRecordKey } from "./context.ts";
import type { CallWatch } from "./outcome.ts";

/** Logs calls of every surface. */
export function accessLog(logger: Logger, clock: Clock): CallWatch {
  const log = createAccessLog(logger, clock);
  return () => (values) => {
    const record = values.get(callRecordKey);
    log.callBegan(record);
    return (outcome) => log.callEnded(record, outcome);
  };
}
