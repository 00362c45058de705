/** The bar that says that the gateway does not answer, and when it is asked again. */

import { useEffect, useState } from "react";
import { connection, tryNow } from "#web/data/connection.ts";
import { age } from "#web/data/format.ts";
import { useStore } from "#web/data/store.ts";

/** Nothing while the gateway answers. */
export function ReachBar() {
  const now = useStore(connection);
  const [, setTick] = useState(0);
  const isLost = now.state === "lost";
  useEffect(() => {
    if (!isLost) return;
    const timer = setInterval(() => setTick((tick) => tick + 1), 1000);
    return () => clearInterval(timer);
  }, [isLost]);
  if (now.state === "reachable") return null;
  const seconds = Math.max(0, Math.ceil((now.nextTryMs - Date.now()) / 1000));
  return (
    <div className="reach-bar" role="alert">
      <span>The gateway does not answer since {age(now.sinceMs)}.</span>
      <span aria-hidden="true">Trying again {seconds === 0 ? "now" : `in ${seconds} s`}.</span>
      <button type="button" onClick={tryNow}>
        Try now
      </button>
    </div>
  );
}
