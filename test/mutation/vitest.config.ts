/** The tests that are themselves tested, named by MUTATION_TESTS, as the mutation run needs them. */

import { defineConfig } from "vitest/config";
import base from "../../vitest.config.ts";

const include = (process.env.MUTATION_TESTS ?? "").split(",");
const hasProperties = include.some((glob) => glob.startsWith("test/property/"));

export default defineConfig({
  ...base,
  test: {
    ...base.test,
    include,
    setupFiles: hasProperties ? ["test/mutation/same-cases.ts"] : [],
  },
});
