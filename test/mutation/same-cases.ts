/** Properties look at the same cases for each change, and are done with the first that fails. */

import fc from "fast-check";

fc.configureGlobal({ seed: 20_261_129, endOnFailure: true });
