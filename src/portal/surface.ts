/** The portal as a surface: its calls go to the gateway's own RPC handlers, all else to an app that is loaded when first asked. */

import type { DescMethod } from "@bufbuild/protobuf";
import { MethodOptions_IdempotencyLevel as IdempotencyLevel } from "@bufbuild/protobuf/wkt";
import type { ContextValues } from "@connectrpc/connect";
import type { Clock } from "#core/clock.ts";
import { keepOwnFailure } from "#entry/own-failure.ts";
import type { Refuse, Surface } from "#entry/surface.ts";
import { fault } from "#errors/fault.ts";
import { faultFrom } from "#errors/from-unknown.ts";
import { type Exchange, pathOf } from "#exchange/exchange.ts";
import { cameByHttps } from "#exchange/security-headers.ts";
import type { Upgrade } from "#exchange/upgrade.ts";
import { sessionKey, valuesOf } from "#interceptors/context.ts";
import { methodFacts } from "#interceptors/method-facts.ts";
import type { CallRecord } from "#observability/call-record.ts";
import type { PortalApp, PortalFacts } from "./app.ts";
import type { EndedSessions } from "./ended-sessions.ts";
import { requireOwnRequest, requireOwnSocket, sessionText } from "./own-request.ts";
import { type PortalPlace, portalRow } from "./paths.ts";
import type { PortalSettings } from "./portal-settings.ts";
import type { EndedAnywhere, Sessions } from "./sessions.ts";

/** The RPC handlers, as far as the portal needs them. */
interface Handlers<P> {
  procedureOf(target: string): P | undefined;
  serve(exchange: Exchange, procedure: P, values: ContextValues): Promise<void> | undefined;
}

/** Calls over WebSocket, of the methods that take a stream of requests. */
export interface PortalSockets {
  /** Makes the call that the path names. Never rejects. */
  serve(
    upgrade: Upgrade,
    request: { readonly requestId: string; readonly values: ContextValues },
  ): Promise<void>;
}

/** What the portal of a generation is made of. */
export interface PortalOptions extends Omit<PortalFacts, "folder" | "sessions"> {
  readonly settings: PortalSettings;
  readonly ended: EndedSessions;
  /** What other gateways have ended; asked where the secret is theirs too. */
  readonly endedAnywhere?: EndedAnywhere | undefined;
  /** What signs tokens; sessions are sealed with a key that is made of it. Absent: there is none. */
  readonly secret?: Parameters<typeof import("node:crypto").hkdfSync>[1] | undefined;
  /** Notified when sessions begin to be made that end with the process. */
  onPassingSecret(): void;
}

/** What a portal writes to. */
interface PortalDeps<P> {
  readonly rpc: Handlers<P>;
  readonly sockets: PortalSockets;
  readonly refuse: Refuse;
  readonly clock: Clock;
}

/** Path of the calls of pages. */
export const rpcPath = "/portal/rpc";

/** Whether a call of a method only looks: what the portal asks for so is not to show in what it shows. */
function isLook(method: DescMethod): boolean {
  return method.idempotency === IdempotencyLevel.NO_SIDE_EFFECTS || methodFacts(method).isUncounted;
}

/** What is loaded when somebody asks for the portal; once, or again where that failed. */
function lazily<T>(load: () => Promise<T>): () => Promise<T> {
  let loaded: Promise<T> | undefined;
  return () => {
    loaded ??= load().catch((thrown: unknown) => {
      loaded = undefined;
      throw thrown;
    });
    return loaded;
  };
}

async function openSessions(
  { settings, secret: signing, ended, endedAnywhere, onPassingSecret }: PortalOptions,
  clock: Clock,
): Promise<Sessions> {
  const { Sessions: Own } = await import("./sessions.ts");
  const { sessionMaxMs: maxMs, sessionIdleMs: idleMs } = settings;
  if (signing === undefined) onPassingSecret();
  const secret = (signing ?? settings.secret ?? ended.secret) as string;
  // No other gateway reads what a secret of this process has sealed.
  const anywhere = signing === undefined ? undefined : endedAnywhere;
  return new Own({ secret, maxMs, idleMs }, { clock, ended, anywhere });
}

/** The surface of every listener that serves the portal. */
export function createPortalSurface<P extends { readonly method: DescMethod }>(
  options: PortalOptions,
  { rpc, sockets, refuse, clock }: PortalDeps<P>,
): Surface {
  const sessions = lazily(() => openSessions(options, clock));
  const app = lazily(async (): Promise<PortalApp> => {
    const { createPortalApp } = await import("./app.ts");
    const { folder } = options.settings;
    return await createPortalApp({ ...options, folder, sessions: await sessions() });
  });

  /** What the interceptors are to know of a call: whose session it has. */
  const identified = async (
    arrival: Exchange | Upgrade,
    record: CallRecord,
    method: DescMethod,
  ): Promise<ContextValues> => {
    const values = valuesOf(record);
    const known = await sessions();
    const text = sessionText(arrival.header("cookie"), cameByHttps(arrival));
    const session = await known.open(text);
    if (session !== undefined) {
      // Whoever asks without one may be anybody, and is counted.
      if (isLook(method)) record.uncounted = true;
      const { credential } = session;
      const isOver = known.follow(session);
      if (credential !== undefined) values.set(sessionKey, { credential, isOver });
    }
    return values;
  };
  const procedureOf = ({ target }: Exchange | Upgrade, record: CallRecord): P => {
    record.endpoint = rpcPath;
    record.surface = "portal";
    const procedure = rpc.procedureOf(target.slice(rpcPath.length));
    if (procedure === undefined) throw fault("ROUTE_UNKNOWN", "no such method");
    return procedure;
  };
  const call = async (exchange: Exchange, record: CallRecord): Promise<void> => {
    const procedure = procedureOf(exchange, record);
    requireOwn(exchange, record);
    const values = await identified(exchange, record, procedure.method);
    exchange.sharedFields = undefined;
    await rpc.serve(exchange, procedure, values);
  };
  const callOverSocket = async (upgrade: Upgrade, record: CallRecord): Promise<void> => {
    const { method } = procedureOf(upgrade, record);
    marksRefusal(record, () => requireOwnSocket(upgrade, record.host ?? upgrade.authority));
    const values = await identified(upgrade, record, method);
    await sockets.serve(upgrade, { requestId: record.requestId, values });
  };
  const serve = async (
    place: PortalPlace,
    exchange: Exchange,
    record: CallRecord,
  ): Promise<void> => {
    if (place === "rpc") return await call(exchange, record);
    if (place === "session") requireOwn(exchange, record);
    const { serve: visit } = await app();
    await visit(exchange, record);
  };

  return {
    name: "portal",
    take(exchange, record) {
      const row = portalRow(pathOf(exchange.target));
      if (row === undefined) return false;
      const { place, methods } = row;
      record.endpoint = place === "monitoring" ? "/monitoring" : "/portal";
      if (!methods.includes(exchange.method)) {
        refuseMethod(exchange, record, { methods, refuse });
        return true;
      }
      const redirection = redirections[place];
      if (redirection !== undefined) {
        // Relative: a proxy may have a prefix before the path.
        exchange.respond(307, [["location", redirection]]);
        return true;
      }
      return serve(place, exchange, record).catch((thrown: unknown) => {
        const error = faultFrom(thrown);
        if (!exchange.started) return refuse(exchange, record, error);
        keepOwnFailure(record, error);
        exchange.reset();
      });
    },
    upgrade(upgrade, record) {
      if (portalRow(pathOf(upgrade.target))?.place !== "rpc") return false;
      callOverSocket(upgrade, record).catch((thrown: unknown) =>
        refuse(upgrade, record, faultFrom(thrown)),
      );
      return true;
    },
  };
}

const redirections: Readonly<Partial<Record<PortalPlace, string>>> = {
  start: "portal/",
  monitoring: "portal/monitoring",
};

function requireOwn(exchange: Exchange, record: CallRecord): void {
  marksRefusal(record, () => requireOwnRequest(exchange, record.host ?? exchange.authority));
}

/** Has the record say that `check` refused an origin, by throwing. */
function marksRefusal(record: CallRecord, check: () => void): void {
  try {
    check();
  } catch (thrown) {
    record.refusal = "ORIGIN_REFUSED";
    throw thrown;
  }
}

function refuseMethod(
  exchange: Exchange,
  record: CallRecord,
  { methods, refuse }: { readonly methods: readonly string[]; readonly refuse: Refuse },
): void {
  const allow = [...methods, "OPTIONS"].join(", ");
  if (exchange.method === "OPTIONS") {
    exchange.respond(204, [["allow", allow]]);
    return;
  }
  const message = `this path takes ${allow}`;
  refuse(exchange, record, fault("METHOD_NOT_ALLOWED", message, { headers: { allow } }));
}
