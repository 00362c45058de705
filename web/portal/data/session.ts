/** Who uses the portal: a session of the server, kept in a cookie that no script can read. */

import { portalHeader } from "#web/data/base.ts";
import { createStore } from "#web/data/store.ts";

/** What is known of the session. `open`: the gateway asks for no key. */
export type Session =
  | { readonly state: "unknown" | "out" | "expired" }
  | {
      readonly state: "in" | "open";
      readonly name: string;
      readonly scopes: readonly string[];
      readonly version: string;
    };

/** The server's own words for it. */
interface SessionFacts {
  readonly version: string;
  readonly auth: { readonly required: boolean };
  readonly principal: { readonly id: string; readonly scopes: readonly string[] } | null;
}

export const session = createStore<Session>({ state: "unknown" });

const sessionUrl = new URL("session", document.baseURI).href;
const slideEveryMs = 5 * 60_000;

function ask(method: string, body?: string): Promise<Response> {
  const headers = { ...portalHeader, "content-type": "application/json" };
  return fetch(sessionUrl, {
    method,
    headers,
    signal: AbortSignal.timeout(10_000),
    ...(body !== undefined && { body }),
  });
}

/** Asks the server who this is. Throws where it does not answer. */
export async function readSession(): Promise<void> {
  const response = await ask("GET");
  if (!response.ok) throw new Error(`status ${response.status}`);
  take((await response.json()) as SessionFacts);
}

/** Begins a session; the text says why there is none, and is empty when all went well. */
export async function logIn(key: string): Promise<string> {
  const response = await ask("POST", JSON.stringify({ key }));
  if (!response.ok) return refusalOf(response);
  take((await response.json()) as SessionFacts);
  return "";
}

/** Ends the session. */
export async function logOut(): Promise<void> {
  await ask("DELETE");
  session.set({ state: "out" });
}

/** A call was refused for want of a session: asks whether there still is one. */
export function sessionRefused(): void {
  const { state } = session.get();
  if (state === "in" || state === "open") readSession().catch(() => {});
}

/** Keeps the session from ending for idleness while somebody looks at it. */
export function keepSession(): void {
  setInterval(() => {
    if (document.visibilityState === "visible" && session.get().state === "in") {
      readSession().catch(() => {});
    }
  }, slideEveryMs);
}

/** Whether the user may do what the scope `admin` is for. */
export const isAdmin = (now: Session): boolean => "scopes" in now && now.scopes.includes("admin");

function take({ auth, principal, version }: SessionFacts): void {
  const before = session.get().state;
  if (auth.required && principal === null) {
    session.set({ state: before === "in" || before === "expired" ? "expired" : "out" });
    return;
  }
  const { id, scopes } = principal ?? { id: "anonymous", scopes: [] };
  const next = {
    state: auth.required ? ("in" as const) : ("open" as const),
    name: id,
    scopes,
    version,
  };
  if (JSON.stringify(next) !== JSON.stringify(session.get())) session.set(next);
}

function refusalOf({ status, headers }: Response): string {
  if (status === 401) return "The gateway does not know this key.";
  if (status !== 429) return `The gateway answered with status ${status}.`;
  return `Too many wrong keys. Try again in ${headers.get("retry-after") ?? "60"} s.`;
}
