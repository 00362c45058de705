/** A state in words and colour, never in colour alone. */

const tones: Readonly<Record<string, string>> = {
  healthy: "ok",
  available: "ok",
  active: "ok",
  closed: "ok",
  OK: "ok",
  degraded: "warn",
  loading: "warn",
  half_open: "warn",
  draining: "warn",
  unhealthy: "bad",
  failed: "bad",
  open: "bad",
  revoked: "bad",
  expired: "bad",
};

/** `state` with a mark of its tone. */
export function State({ state, words }: { readonly state: string; readonly words?: string }) {
  return (
    <span className={`state ${tones[state] ?? "plain"}`}>{words ?? state.replace("_", " ")}</span>
  );
}
