/** One line per call, once it and its exchange have ended, at the level that its outcome asks for. */

import { type AccessLogDeps, createAccessLog } from "#observability/access-line.ts";
import { callRecordKey } from "./context.ts";
import type { CallWatch } from "./outcome.ts";

/** Logs calls of every surface. */
export function accessLog(deps: AccessLogDeps): CallWatch {
  const log = createAccessLog(deps);
  return () => (values) => {
    const record = values.get(callRecordKey);
    log.callBegan(record);
    return (outcome) => log.callEnded(record, outcome);
  };
}
