/** Holds a call to the models that its caller may name: the one rule, for the services of every surface. */

import type { ContextValues } from "@connectrpc/connect";
import { type AllowsModel, modelNotAllowed } from "#catalog/allowed-model.ts";
import { permitsModel } from "#identity/permits.ts";
import { principalKey } from "#interceptors/context.ts";

/** The models that the caller may name; undefined where that is all of them. */
export function allowedModels(values: ContextValues): AllowsModel | undefined {
  const principal = values.get(principalKey);
  if (principal.models === undefined) return undefined;
  return (...names) => permitsModel(principal, ...names);
}

/** Throws MODEL_NOT_ALLOWED unless the caller may call the model that goes by one of these names. */
export function requireModel(
  values: ContextValues,
  model: string,
  ...others: readonly (string | undefined)[]
): void {
  if (allowedModels(values)?.(model, ...others) === false) throw modelNotAllowed(model);
}
