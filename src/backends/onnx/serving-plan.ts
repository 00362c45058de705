/** What a model.yaml says of how a model is served: which versions, under which labels, by what. Pure. */

/** Which of the versions that there are get served. */
export type VersionPolicy =
  | { readonly kind: "latest"; readonly count: number }
  | { readonly kind: "all" }
  | { readonly kind: "only"; readonly versions: readonly string[] };

/** A part of the requests that name no version; `to` is a label or a version. */
export interface SplitPart {
  readonly to: string;
  readonly weight: number;
}

/** How a model is served. */
export interface ServingPlan {
  readonly policy: VersionPolicy;
  /** Versions by label; they are served, whatever the policy says. */
  readonly labels: ReadonlyMap<string, string>;
  /** Where requests that name no version go; empty when all go to one. */
  readonly split: readonly SplitPart[];
  /** Who is given copies of requests, and of how many, 0 to 1. */
  readonly shadow?: { readonly to: string; readonly share: number };
  /** Equal requests may have one response, which is kept for them. */
  readonly isCached: boolean;
  /** Workers that hold the model; all of the pool when absent, one where it has processes of its own. */
  readonly instances?: number;
  readonly isolation: "thread" | "process";
  /** A run of an isolated model that takes longer is ended. */
  readonly runTimeoutMs?: number;
  /** An isolated process that takes more memory is ended. */
  readonly memoryBytesMax?: number;
}

/** The newest version, on the threads that all models share. */
export const plainPlan: ServingPlan = {
  policy: { kind: "latest", count: 1 },
  labels: new Map(),
  split: [],
  isCached: false,
  isolation: "thread",
};

/** Whether a name can only be a version: labels begin with a letter. */
export function isVersion(name: string): boolean {
  return /^\d+$/.test(name);
}

/** The version that a label or a version means; undefined for a label that there is not. */
export function versionNamed(name: string, { labels }: ServingPlan): string | undefined {
  return isVersion(name) ? name : labels.get(name);
}

/** What is served of the versions that there are, the newest last. */
export function servedVersions(there: readonly string[], plan: ServingPlan): readonly string[] {
  const labelled = new Set(plan.labels.values());
  const chosen = new Set(chosenBy(there, plan.policy));
  return there.filter((version) => chosen.has(version) || labelled.has(version));
}

function chosenBy(there: readonly string[], policy: VersionPolicy): readonly string[] {
  switch (policy.kind) {
    case "latest":
      return there.slice(-policy.count);
    case "all":
      return there;
    case "only":
      return policy.versions;
  }
}

/** Versions that the plan names and that there are not, each with the key that names it. */
export function absentVersions(
  there: readonly string[],
  { policy, labels, split, shadow }: ServingPlan,
): readonly { readonly path: readonly (string | number)[]; readonly version: string }[] {
  const named = [
    ...(policy.kind === "only"
      ? policy.versions.map((version, at) => ({ path: ["versions", at], version }))
      : []),
    ...[...labels].map(([label, version]) => ({ path: ["version_labels", label], version })),
    ...split.map(({ to }) => ({ path: ["split", to], version: to })),
    ...(shadow === undefined ? [] : [{ path: ["shadow", "to"], version: shadow.to }]),
  ];
  return named.filter(({ version }) => isVersion(version) && !there.includes(version));
}

/** The label or version that `chance` (0 to 1) falls to; undefined without a split. */
export function splitChoice(split: readonly SplitPart[], chance: number): string | undefined {
  const total = split.reduce((sum, { weight }) => sum + weight, 0);
  let left = chance * total;
  for (const { to, weight } of split) {
    left -= weight;
    if (left < 0) return to;
  }
  return split.at(-1)?.to;
}
