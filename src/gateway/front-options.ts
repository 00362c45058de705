/** What the public side of a generation is made of. */

import type { CorsSettings, ListenerSettings } from "#config/settings.ts";
import { packageVersion } from "#core/version.ts";
import type { FrontListener, FrontOptions } from "#front.ts";
import { chatPoolsOf } from "#gateway/chat-side.ts";
import { type ProcessParts, type Shared, servicesOf } from "#gateway/parts.ts";
import { type Backends, routesOf } from "#gateway/services.ts";
import { shownAccess } from "#identity/access.ts";
import { interceptorChain } from "#interceptors/chain.ts";
import { type GaugedPools, gatewayPages } from "#pages.ts";
import { isBuilt } from "#portal/pages.ts";
import type { PortalOptions } from "#portal/surface.ts";
import { modelOf } from "#services/model-choice.ts";

/** What the public side writes to. */
export function frontDeps(parts: ProcessParts) {
  return { ...parts, journal: parts.records.journal };
}

/** A listener with the cross-origin rules that hold there. */
function frontListener(
  { cors: own, ...listener }: ListenerSettings,
  general: CorsSettings | undefined,
): FrontListener {
  const cors = own ?? general;
  return cors === undefined || cors === "off" ? listener : { ...listener, cors };
}

/** The pools of a generation that gauges report. */
export function gaugedPools({ chat, predict }: Pick<Backends, "chat" | "predict">): GaugedPools {
  return {
    pools: [chat.pool, ...chat.queryPools.map(({ pool }) => pool)],
    known: [
      ...chatPoolsOf(chat).map(({ pool }) => pool),
      ...predict.groups.map(({ pool }) => pool),
    ],
  };
}

/** The portal of a generation. */
function portalOptions(
  { settings: { portal, auth, environment }, endedSessions: ended, store, logger }: Shared,
  who: Pick<PortalOptions, "principalOf" | "accessOf">,
): PortalOptions {
  return {
    ...who,
    ...{ settings: portal, ended, environment, version: packageVersion },
    endedAnywhere: store?.endedSessions,
    secret: auth.tokens?.secrets[0],
    onPassingSecret() {
      logger.info("without SECRET_KEY, sessions of the portal end with this process");
    },
    onSession({ requestId: request_id, ...facts }) {
      logger.info({ request_id, ...facts }, "portal");
    },
  };
}

/** The public side of a generation: listeners, routes, chain and pages. */
export function frontOptions(shared: Shared, backends: Backends): FrontOptions {
  const { settings, metrics, thread } = shared;
  const { cors, request, auth } = settings;
  const { captureBytesMax } = settings.requests;
  const { timeoutMs, fileBytesMax } = request;
  // Where both limits are the same, the setting of every body is the one to name.
  const ownFileLimit = fileBytesMax === request.bytesMax ? {} : { fileBytesMax };
  const { routeSizes } = request;
  const chain = { auth, timeoutMs, captureBytesMax, routeSizes, ...ownFileLimit };
  const accessOn = shownAccess(auth);
  const { principalOf, ...policy } = interceptorChain(chain, {
    ...frontDeps(shared),
    credentials: backends.credentials,
    limiter: shared.limiter,
  });
  return {
    listeners: settings.listeners.map((listener) => ({
      ...frontListener(listener, cors),
      ...(thread !== undefined && { isHandedOver: true }),
    })),
    routes: routesOf(shared, backends),
    ...policy,
    portal: portalOptions(shared, { principalOf, accessOf: accessOn }),
    pages: gatewayPages({
      metrics,
      ...gaugedPools(backends),
      ...(thread === undefined
        ? { forecastGauges: shared.records.forecastGauges }
        : { exposition: () => thread.exposition() }),
      isReady: backends.isReady,
      hasExemplars: shared.traces !== undefined,
      metricsPath: settings.metrics.enabled ? settings.metrics.path : undefined,
      version: packageVersion,
      services: servicesOf(settings),
      accessOf: accessOn,
      hasPortal: () => isBuilt(settings.portal.folder),
      document: {
        rest: settings.rest,
        takesUploads: settings.uploads !== undefined,
      },
    }),
    findModel: (wanted, call) =>
      modelOf(backends.predict, wanted, call, { model: "model", version: "version" }),
    bytesMax: request.bytesMax,
    fileBytesMax,
    elementsMax: request.elementsMax,
    aheadBytesMax: settings.relay.aheadBytesMax,
    capturesBodies: captureBytesMax !== undefined,
    buffers: shared.buffers,
    trustedProxies: settings.trustedProxies,
    trustedHeaders: settings.trustedHeaders,
    connectionsMax: settings.connectionsMax,
    sockets: shared.sockets,
    ...(settings.connectionsPerAddressMax === undefined
      ? {}
      : { connectionsPerAddressMax: settings.connectionsPerAddressMax }),
    rest: settings.rest,
  };
}
