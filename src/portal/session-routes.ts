/** Login, logout, and who is logged in: the routes of sessions. */

import { Code, type ContextValues } from "@connectrpc/connect";
import type { FastifyInstance, FastifyReply } from "fastify";
import { reasonOf } from "#errors/fault.ts";
import { faultFrom } from "#errors/from-unknown.ts";
import type { ListenerAccess } from "#identity/access.ts";
import type { Principal } from "#identity/credentials.ts";
import { sessionKey, valuesOf } from "#interceptors/context.ts";
import { sessionCookie, sessionText } from "./own-request.ts";
import type { Session, Sessions } from "./sessions.ts";
import type { Visit } from "./visit.ts";

/** What the routes know of the gateway. */
export interface SessionFacts {
  readonly sessions: Sessions;
  readonly version: string;
  readonly environment: string;
  /** What is asked of callers of a listener. */
  readonly accessOf: (listener: string) => ListenerAccess;
  /** Who calls. Rejects for a credential that is unknown or missing, as a call would. */
  readonly principalOf: (caller: {
    readonly header: Headers;
    readonly values: ContextValues;
  }) => Promise<Principal>;
  /** Notified of sessions that begin and end. */
  onSession(facts: {
    readonly requestId: string;
    readonly principal: string;
    readonly action: "begin_session" | "end_session";
  }): void;
}

const path = "/portal/session";

/** What a login sends. */
const loginSchema = {
  body: {
    type: "object",
    required: ["key"],
    additionalProperties: false,
    properties: { key: { type: "string", minLength: 1, pattern: "^[\\x21-\\x7e]+$" } },
  },
};

/** Gives a session's text to the browser, or has it forget one that is empty. */
function setCookie(
  reply: FastifyReply,
  text: string,
  { expires, isSecure }: { readonly expires: Date; readonly isSecure: boolean },
): void {
  void reply.setCookie(sessionCookie(isSecure), text, {
    httpOnly: true,
    sameSite: "strict",
    secure: isSecure,
    // Without a path it is the portal's own, as the browser knows it: with the prefix of any proxy.
    path: "",
    expires,
  });
}

/** Ends a session before its time; one that only marks requests opens nothing, and is not remembered. */
async function end(sessions: Sessions, session: Session | undefined): Promise<void> {
  if (session?.credential !== undefined) await sessions.end(session);
}

/** What interceptors know of a request with a session. */
function valuesWith(session: Session | undefined, { facts, visit }: Asked): ContextValues {
  const values = valuesOf(visit.record);
  if (session?.credential !== undefined) {
    const { credential } = session;
    values.set(sessionKey, { credential, isOver: facts.sessions.follow(session) });
  }
  return values;
}

/** A request for one of the routes. */
interface Asked {
  readonly facts: SessionFacts;
  readonly visit: Visit;
}

/** Who asks; null where nobody is known. */
async function whoIs(session: Session | undefined, asked: Asked): Promise<Principal | null> {
  const header = new Headers();
  for (const [name, value] of asked.visit.exchange.headers()) {
    if (name === "authorization" || name === "x-polygate-key") header.append(name, value);
  }
  try {
    return await asked.facts.principalOf({ header, values: valuesWith(session, asked) });
  } catch (thrown) {
    if (faultFrom(thrown).code === Code.Unauthenticated) return null;
    throw thrown;
  }
}

/** What the portal gets. */
function answer(
  principal: Principal | null,
  session: Session | undefined,
  { facts: { version, environment, accessOf }, visit }: Asked,
) {
  const { enabled, accepts } = accessOf(visit.record.listener);
  const timeOf = (wallMs: number) => new Date(wallMs).toISOString();
  return {
    version,
    environment,
    auth: { required: enabled, accepts },
    principal: principal && {
      id: principal.id,
      authenticated: principal.authenticated,
      scopes: [...principal.scopes],
    },
    session:
      session === undefined
        ? null
        : {
            expires_at: timeOf(session.endsWallMs),
            idle_expires_at: timeOf(session.idleWallMs),
          },
  };
}

/** Adds the routes to an app. */
export function addSessions(app: FastifyInstance, facts: SessionFacts, visitOf: () => Visit): void {
  const { sessions, accessOf, principalOf, onSession } = facts;
  const open = () => {
    const { exchange, isSecure } = visitOf();
    return sessions.open(sessionText(exchange.header("cookie"), isSecure));
  };
  const give = (reply: FastifyReply, text: string, { idleWallMs }: Session) =>
    setCookie(reply, text, { expires: new Date(idleWallMs), isSecure: visitOf().isSecure });
  const forget = (reply: FastifyReply) =>
    setCookie(reply, "", { expires: new Date(0), isSecure: visitOf().isSecure });

  app.get(path, async (_request, reply) => {
    const asked = { facts, visit: visitOf() };
    const before = await open();
    const principal = await whoIs(before, asked);
    // Without auth a session marks the portal's requests.
    const isMarking = !accessOf(asked.visit.record.listener).enabled;
    if (principal === null || (before === undefined && !isMarking)) {
      // Its key was revoked, or has expired.
      if (before !== undefined) forget(reply);
      return answer(principal, undefined, asked);
    }
    const { session, text } = await (before === undefined
      ? sessions.begin()
      : sessions.renew(before));
    give(reply, text, session);
    return answer(principal, session, asked);
  });

  app.post<{ Body: { readonly key: string } }>(
    path,
    { schema: loginSchema },
    async ({ body: { key } }, reply) => {
      const asked = { facts, visit: visitOf() };
      const { record } = asked.visit;
      const header = new Headers({ "x-polygate-key": key });
      const values = valuesOf(record);
      const principal = await principalOf({ header, values }).catch((thrown: unknown) => {
        record.refusal = reasonOf(faultFrom(thrown)) ?? "CREDENTIAL_INVALID";
        throw thrown;
      });
      record.principal = principal.id;
      await end(sessions, await open());
      const { session, text } = await sessions.begin(principal.authenticated ? key : undefined);
      give(reply, text, session);
      const { requestId } = record;
      onSession({ requestId, principal: principal.id, action: "begin_session" });
      return answer(principal, session, asked);
    },
  );

  app.delete(path, async (_request, reply) => {
    const asked = { facts, visit: visitOf() };
    const session = await open();
    await end(sessions, session);
    const { id = "anonymous" } = (await whoIs(session, asked)) ?? {};
    const { requestId } = asked.visit.record;
    onSession({ requestId, principal: id, action: "end_session" });
    forget(reply);
    return reply.code(204).send();
  });
}
