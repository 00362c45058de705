/** Which model and which of its versions a request means. */

import type { HandlerContext } from "@connectrpc/connect";
import type {
  BackendCall,
  ModelRef,
  ModelStatus,
  PredictBackend,
  VersionStatus,
} from "#backends/backend.ts";
import { fault } from "#errors/fault.ts";
import { requireModel } from "./allowed-models.ts";
import { backendCallOf } from "./backend-call.ts";

/** What knows models: at once, or by asking others. */
export type ModelSource = Pick<PredictBackend, "find" | "recent" | "status">;

/** What the fields are called that name them. */
export interface ChoiceFields {
  readonly model: string;
  readonly version: string;
}

/** Names that an error lists before it leaves the rest out. */
const listedMax = 10;

function listed(names: readonly string[]): string {
  const some = names.slice(0, listedMax).map((name) => `"${name}"`);
  return names.length > listedMax ? `${some.join(", ")}, …` : some.join(", ");
}

function unknown(text: string, field: string, description: string) {
  return fault("MODEL_UNKNOWN", text, { fields: [{ field, description }] });
}

/** A version as a request writes it: its number, or a label. */
export function choiceOf(written: string): Omit<ModelRef, "model"> {
  return written === "" || /^\d+$/.test(written)
    ? { version: written }
    : { version: "", label: written };
}

/** Every version of a model that is known of, whether the backend lists them or names only one. */
export function versionsOf(status: ModelStatus): readonly VersionStatus[] {
  const { versions, version, state } = status;
  if (versions !== undefined) return versions;
  return version === "" ? [] : [{ version, state }];
}

/** Throws MODEL_UNKNOWN for a version or a label that the model has not, and names those that it has. */
function requireChoice(status: ModelStatus, wanted: ModelRef, field: string): void {
  const { name, labels = {}, backend } = status;
  const { version, label = "" } = wanted;
  if (label !== "") {
    // A server elsewhere may have labels that it tells no one of.
    const mayHave = status.labels === undefined && backend !== undefined;
    if (mayHave || Object.hasOwn(labels, label)) return;
    const there = Object.keys(labels);
    const known = there.length === 0 ? "it has none" : `there is ${listed(there)}`;
    throw unknown(`model "${name}" has no label "${label}": ${known}`, field, known);
  }
  // A model of which no version is known has none loaded: that is the backend's to tell.
  const known = versionsOf(status);
  if (version === "" || known.length === 0) return;
  if (known.some((one) => one.version === version)) return;
  const there = `there is ${listed(known.map((one) => one.version))}`;
  throw unknown(`model "${name}" has no version "${version}": ${there}`, field, there);
}

/**
 * The model that a call means, as `modelOf`, where its caller may call it: by the name that it gives,
 * or by that of the model whose alias this is. Nobody is asked for one that it may not. Rejects with
 * MODEL_NOT_ALLOWED as well.
 */
export async function callersModel(
  source: ModelSource,
  wanted: ModelRef,
  context: HandlerContext,
  fields: ChoiceFields,
): Promise<ModelStatus> {
  requireModel(context.values, wanted.model, source.find(wanted.model)?.name);
  return await modelOf(source, wanted, backendCallOf(context), fields);
}

/** What a call wants of the model that it runs. */
export interface RunFields extends ChoiceFields {
  /** Throws for a model that lacks what the request wants of it. */
  readonly requireFit: (status: ModelStatus) => unknown;
}

/**
 * The same for a call that runs the model: servers are not asked for what they have said a moment ago,
 * except before the call is refused by it, for the model may have changed.
 */
export async function callersModelToRun(
  source: ModelSource,
  wanted: ModelRef,
  context: HandlerContext,
  { requireFit, ...fields }: RunFields,
): Promise<ModelStatus> {
  requireModel(context.values, wanted.model, source.find(wanted.model)?.name);
  const recent = source.recent?.(wanted);
  if (recent !== undefined) {
    try {
      requireChoice(recent, wanted, fields.version);
      requireFit(recent);
      return recent;
    } catch {
      // It may have changed.
    }
  }
  const status = await modelOf(source, wanted, backendCallOf(context), fields);
  requireFit(status);
  return status;
}

/** The model that is meant, with the version that is meant. Rejects with MODEL_UNKNOWN, which names the field. */
export async function modelOf(
  source: ModelSource,
  wanted: ModelRef,
  call: BackendCall,
  fields: ChoiceFields,
): Promise<ModelStatus> {
  const status = await (source.status?.(wanted, call) ?? source.find(wanted.model));
  if (status === undefined) {
    const text = `there is no model named "${wanted.model}"`;
    throw unknown(text, fields.model, "the name or alias of a model");
  }
  requireChoice(status, wanted, fields.version);
  return status;
}
