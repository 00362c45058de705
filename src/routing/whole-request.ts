/** A route for a request that may be used up: nobody else is asked once part of it is gone. */

import type { Route } from "./route.ts";

/** `route`, whose calls end with their last failure when `isSpent`. */
export function whileWhole<B>(route: Route<B>, isSpent: () => boolean): Route<B> {
  return {
    ...route,
    begin() {
      const walk = route.begin();
      return {
        next: (failed) => (failed !== undefined && isSpent() ? undefined : walk.next(failed)),
        empty: () => walk.empty(),
      };
    },
  };
}
