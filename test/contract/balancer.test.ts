/** Every strategy keeps the contract of balancers. */

import { seededRng } from "#core/rng.ts";
import { algorithms, createBalancer } from "#routing/balancer.ts";
import { balancerContract } from "./balancer.contract.ts";

for (const algorithm of algorithms) {
  balancerContract(algorithm, () => createBalancer(algorithm, seededRng(11)));
}
