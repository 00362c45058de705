/** What routes are configured as. Types only. */

import type { RouteStrategy } from "#routing/strategy-route.ts";
import type { FailureClass } from "#routing/tree.ts";

/** A provider and one of its models. */
export interface RouteTargetSettings {
  readonly provider: string;
  /** The provider's default when absent. */
  readonly model?: string;
  readonly weight: number;
}

/** A node of a route tree. */
export type RouteSettings =
  | {
      readonly kind: "strategy";
      readonly strategy: RouteStrategy;
      readonly targets: readonly RouteTargetSettings[];
      readonly hasAffinity: boolean;
      readonly latencyMsMax?: number;
      readonly costMax?: number;
    }
  | {
      readonly kind: "fallback";
      readonly children: readonly RouteSettings[];
      readonly on?: readonly FailureClass[];
    }
  | {
      readonly kind: "split";
      readonly shares: readonly { readonly weight: number; readonly child: RouteSettings }[];
    }
  | { readonly kind: "reference"; readonly to: string };
