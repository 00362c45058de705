/** The gateway's street side with the full chain, in front of a trivial chat service: `<port> [what differs in the chain]`. */

import { keepCallsYoung } from "#cli/loading-flags.ts";
import { ByteBudget } from "#core/byte-budget.ts";
import { openFront } from "../../src/front.ts";
import { deps, routes } from "../support/chain.ts";
import { type ChainVariant, openChain } from "../support/chain-variant.ts";

// As the program has it.
keepCallsYoung();

const variant = JSON.parse(process.argv[3] ?? "{}") as ChainVariant;
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
    ...(await openChain(variant)),
    pages: { all: {}, rest: () => ({}), metrics: {} },
    bytesMax: 4 << 20,
    trustedProxies: [],
    connectionsMax: 16_000,
    buffers: new ByteBudget(1024 ** 3),
  },
  deps,
);
