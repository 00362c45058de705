/** LimitsService: what is left of the limits of calls, and filling them again. */

import type { MessageInitShape } from "@bufbuild/protobuf";
import type { HandlerContext, ServiceImpl } from "@connectrpc/connect";
import { threeDigits } from "#core/three-digits.ts";
import { fault } from "#errors/fault.ts";
import type { LimitSchema, LimitsService } from "#gen/polygate/v1/limits_pb.js";
import { callRecordKey } from "#interceptors/context.ts";
import { microsPerUsd } from "#limits/budget.ts";
import type { Limiter, LimitState } from "#limits/limiter.ts";
import { type Owner, type Tier, tiers } from "#limits/owner.ts";

/** What LimitsService needs. */
export interface LimitsDeps {
  /** Absent where nothing is limited. */
  readonly limiter: Limiter | undefined;
  /** Notified of each reset. */
  onReset(facts: {
    readonly requestId: string;
    readonly principal: string;
    readonly tier: Tier;
    readonly name: string;
  }): void;
}

const ownersDefault = 100;

type LimitMessage = MessageInitShape<typeof LimitSchema>;

function limitOf(state: LimitState): LimitMessage {
  const { owner, unit, limits, tokens } = state;
  const scale = unit === "micro_usd" ? microsPerUsd : 1;
  return {
    tier: owner.tier,
    name: owner.name,
    unit: unit === "micro_usd" ? "usd" : unit,
    limit: limits.capacity / scale,
    // Money in millionths, everything else in thousandths.
    remaining: unit === "micro_usd" ? Math.round(tokens) / scale : threeDigits(tokens),
    perMinute: (limits.perSecond * 60) / scale,
    period: state.period?.name ?? "",
  };
}

/** All limits of an owner. */
async function limitsOf(limiter: Limiter, owner: Owner): Promise<readonly LimitMessage[]> {
  const { tier, name, terms, key } = owner;
  const limits = (await limiter.states(owner)).map(limitOf);
  const { concurrentMax: limit } = terms;
  if (limit === undefined) return limits;
  const remaining = limit - limiter.inProgress.of(key);
  return [...limits, { tier, name, unit: "calls", limit, remaining }];
}

/** The service over the limits of a gateway. */
export function createLimitsService(deps: LimitsDeps): ServiceImpl<typeof LimitsService> {
  const { limiter, onReset } = deps;
  /** Throws NOT_FOUND. */
  const found = ({ tier, name }: { readonly tier: string; readonly name: string }) => {
    const known = tiers.find((one) => one === tier);
    const owner = known === undefined ? undefined : limiter?.find(known, name);
    if (limiter === undefined || owner === undefined) {
      const description = "no call of late has met a limit of this tier and name";
      throw fault("NOT_FOUND", `name: ${description}`, {
        fields: [{ field: "name", description }],
      });
    }
    return { limiter, owner };
  };
  return {
    async listLimits({ tier, namePrefix, pageSize }) {
      if (limiter === undefined) return { limits: [], leftOut: 0 };
      const size = pageSize === 0 ? ownersDefault : pageSize;
      const meant = [...limiter.owners()].filter(
        (owner) => (tier === "" || owner.tier === tier) && owner.name.startsWith(namePrefix),
      );
      const owners = meant.slice(0, size);
      const limits = await Promise.all(owners.map((owner) => limitsOf(limiter, owner)));
      return { limits: limits.flat(), leftOut: meant.length - owners.length };
    },
    async getLimit(request) {
      const one = found(request);
      return { limits: [...(await limitsOf(one.limiter, one.owner))] };
    },
    async resetLimit(request, { values }: HandlerContext) {
      const one = found(request);
      await one.limiter.reset(one.owner);
      const { requestId, principal = "anonymous" } = values.get(callRecordKey);
      const { tier, name } = one.owner;
      onReset({ requestId, principal, tier, name });
      return { limits: [...(await limitsOf(one.limiter, one.owner))] };
    },
  };
}
