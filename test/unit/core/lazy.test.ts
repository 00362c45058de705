/** Something is made when it is first asked for, and only then. */

import { expect, test } from "vitest";
import { lazy } from "#core/lazy.ts";

test("nothing is made before it is asked for, and all get the same", () => {
  let made = 0;
  const get = lazy(() => ({ number: ++made }));
  expect(made).toBe(0);
  expect(get()).toBe(get());
  expect(made).toBe(1);
});
