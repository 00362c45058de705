/** The gateway's street side with the full chain, in front of a trivial chat service: `<port>`. */

import { keepCallsYoung } from "#cli/loading-flags.ts";
import { ByteBudget } from "#core/byte-budget.ts";
import { openFront } from "../../src/front.ts";
import { chain, deps, routes } from "../support/chain.ts";

// As the program has it.
keepCallsYoung();

await openFront(
  {
    listeners: [
      {
        name: "bench",
        host: "127.0.0.1",
        port: Number(process.argv[2]),
        serves: ["rpc", "rest", "metrics"],
        http1Engine: "polygate",
        http2Engine: "polygate",
      },
    ],
    routes,
    ...chain,
    pages: { all: {}, rest: () => ({}), metrics: {} },
    bytesMax: 4 << 20,
    trustedProxies: [],
    connectionsMax: 16_000,
    buffers: new ByteBudget(1024 ** 3),
  },
  deps,
);
