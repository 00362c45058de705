/** Holds a call to the models that its caller may name: the one rule, for the services of every surface. */

import type { ContextValues } from "@connectrpc/connect";
import { type AllowsModel, modelNotAllowed } from "#catalog/allowed-model.ts";
import { clientWordsKey, WholeBody } from "#dialects/relay/client-body.ts";
import { hasMember } from "#dialects/relay/members.ts";
import { relayKey } from "#dialects/relay/relay.ts";
import { fault } from "#errors/fault.ts";
import { permitsModel } from "#identity/permits.ts";
import { principalKey } from "#interceptors/context.ts";

/** The member by which a request names models besides its own. */
const furtherModels = "models";

/** The models that the caller may name; undefined where that is all of them. */
export function allowedModels(values: ContextValues): AllowsModel | undefined {
  const principal = values.get(principalKey);
  if (principal.models === undefined) return undefined;
  return (...names) => permitsModel(principal, ...names);
}

/**
 * For callers who may not name every model: what is passed on in their own words names one alone. Some
 * providers take further ones, in `models`. Throws MODEL_NOT_ALLOWED.
 */
export function requireOneModel(values: ContextValues): void {
  const chat = values.get(relayKey)?.request.body;
  const operation = values.get(clientWordsKey)?.body;
  const hasMore =
    (chat !== undefined && hasMember(chat, furtherModels)) ||
    (operation instanceof WholeBody && operation.has(furtherModels));
  if (!hasMore) return;
  throw fault("MODEL_NOT_ALLOWED", "models: this key may call only the model that it names", {
    metadata: { param: furtherModels },
  });
}

/** Throws MODEL_NOT_ALLOWED unless the caller may call the model that goes by one of these names. */
export function requireModel(
  values: ContextValues,
  model: string,
  ...others: readonly (string | undefined)[]
): void {
  if (allowedModels(values)?.(model, ...others) === false) throw modelNotAllowed(model);
}
