/** All boards, in the order in which somebody looks at them. */

import { inference } from "./inference.ts";
import { limits } from "./limits.ts";
import { overview } from "./overview.ts";
import type { BoardSpec } from "./panels.ts";
import { process } from "./process.ts";
import { providers } from "./providers.ts";
import { routing } from "./routing.ts";

export const boards: readonly BoardSpec[] = [
  overview,
  providers,
  routing,
  inference,
  limits,
  process,
];
