/** KeysService: keys that are made while the gateway runs, and what was spent with keys. */

import type { FieldMask, Timestamp } from "@bufbuild/protobuf/wkt";
import { timestampMs } from "@bufbuild/protobuf/wkt";
import type { HandlerContext, ServiceImpl } from "@connectrpc/connect";
import type { Clock } from "#core/clock.ts";
import { RandomIds } from "#core/random-ids.ts";
import { fault } from "#errors/fault.ts";
import type {
  GetUsageRequest,
  KeySpec as KeySpecMessage,
  KeysService,
} from "#gen/polygate/v1/keys_pb.js";
import type { Group, Principal } from "#identity/credentials.ts";
import { permitsModel, permitsRoute } from "#identity/permits.ts";
import { callRecordKey, principalKey } from "#interceptors/context.ts";
import { isLive, type Key, type KeyRights, type KeySpec } from "#keys/key.ts";
import type { KeyRoom } from "#keys/key-room.ts";
import { digestOf, newKeyText, shownOf } from "#keys/key-text.ts";
import { type UsageDimension, UsageSums } from "#keys/usage.ts";
import { causeText } from "#observability/cause-text.ts";
import {
  invalid,
  keyMessage,
  mayBeKey,
  principalMessage,
  specMessage,
  specOf,
  usageMessage,
} from "./key-messages.ts";
import { sequenceOf } from "./page-token.ts";

/** What an operator did to a key. */
export interface KeyAction {
  readonly requestId: string;
  /** Name of the operator's credential. */
  readonly principal: string;
  readonly action: "create_key" | "update_key" | "rotate_key" | "revoke_key";
  /** Its id and name; never its text. */
  readonly key: string;
  readonly name: string;
}

/** What KeysService needs. */
export interface KeysDeps {
  /** Absent: no keys are kept. */
  readonly room: KeyRoom | undefined;
  /** Names of the keys of the settings, which no other key may have. */
  readonly settled: ReadonlySet<string>;
  readonly groups: Readonly<Record<string, Group>>;
  readonly clock: Clock;
  /** Notified of everything that was done. */
  onAction(action: KeyAction): void;
}

const pageSizeDefault = 100;
const overlapSecondsDefault = 86_400;
const usageRowsMax = 1_000;

/** Fields of a key that a change may name. */
const specFields = {
  name: "name",
  scopes: "scopes",
  models: "models",
  routes: "routes",
  group: "group",
  tags: "tags",
  expire_time: "expireTime",
  allowance: "allowance",
} as const satisfies Record<string, keyof KeySpecMessage>;

/** The fields that a mask names, each as a whole. Throws REQUEST_INVALID. */
function fieldsOf(mask: FieldMask | undefined): ReadonlySet<keyof typeof specFields> {
  const names = new Set<keyof typeof specFields>();
  for (const path of mask?.paths ?? []) {
    const name = path.split(".", 1)[0] ?? "";
    if (!Object.hasOwn(specFields, name)) {
      const known = Object.keys(specFields).join(", ");
      throw invalid("update_mask", `a key has no such field; it has ${known}`);
    }
    names.add(name as keyof typeof specFields);
  }
  if (names.size === 0) throw invalid("update_mask", "it names no field, so nothing would change");
  return names;
}

/** What is said of a key, with some fields as a message has them. Throws REQUEST_INVALID. */
function merged(
  key: Key,
  message: KeySpecMessage,
  fields: ReadonlySet<keyof typeof specFields>,
): KeySpec {
  const whole = { ...(specMessage(key) as KeySpecMessage) };
  for (const field of fields) {
    const name = specFields[field];
    Object.assign(whole, { [name]: message[name] });
  }
  return specOf(whole);
}

/**
 * Throws MODEL_NOT_ALLOWED or ROUTE_NOT_ALLOWED for a key that may more than its maker, who is held to
 * models or routes: else whoever may make keys would be held to nothing. A pattern that is taken as a
 * name is taken with all that it stands for.
 */
function requireWithin(caller: Principal, { models, routes }: KeyRights): void {
  const hasModels = models?.every((model) => permitsModel(caller, model)) ?? false;
  if (caller.models !== undefined && !hasModels) {
    throw fault(
      "MODEL_NOT_ALLOWED",
      "key.models: this key may not create a key that may call more models",
    );
  }
  const hasRoutes = routes?.every((route) => permitsRoute(caller, [route])) ?? false;
  if (caller.routes !== undefined && !hasRoutes) {
    throw fault(
      "ROUTE_NOT_ALLOWED",
      "key.routes: this key may not create a key that may call more routes",
    );
  }
}

/** The first moment of the month, UTC. */
function monthOf(nowMs: number): number {
  const now = new Date(nowMs);
  return Date.UTC(now.getUTCFullYear(), now.getUTCMonth());
}

/** The service over the room of keys. */
class Keys {
  readonly #deps: KeysDeps;
  readonly #ids = new RandomIds("key_");

  constructor(deps: KeysDeps) {
    this.#deps = deps;
  }

  /** Throws FAILED_PRECONDITION where no keys are kept. */
  get room(): KeyRoom {
    const { room } = this.#deps;
    if (room !== undefined) return room;
    throw fault("FAILED_PRECONDITION", "no keys are kept: set auth.key_store.path or .url");
  }

  get nowMs(): number {
    return this.#deps.clock.wallMs();
  }

  /** Asks the store. Rejects with KEYS_UNAVAILABLE when it fails. */
  async asked<T>(work: (room: KeyRoom) => Promise<T>): Promise<T> {
    const { room } = this;
    try {
      return await work(room);
    } catch (thrown) {
      const message = "the database of keys cannot be asked now";
      throw fault("KEYS_UNAVAILABLE", message, { cause: new Error(causeText(thrown)) });
    }
  }

  /** The key of this id or name. Rejects with NOT_FOUND. */
  async named(idOrName: string, field: string): Promise<Key> {
    const key = mayBeKey(idOrName)
      ? await this.asked(({ store }) => store.find(idOrName))
      : undefined;
    if (key !== undefined) return key;
    const description = this.#deps.settled.has(idOrName)
      ? "it is a key of the settings, which are to be changed instead"
      : "there is no such key";
    throw fault("NOT_FOUND", `${field}: ${description}`, { fields: [{ field, description }] });
  }

  /** Throws ALREADY_EXISTS for the name of a key of the settings, REQUEST_INVALID for an unknown group. */
  checked(spec: KeySpec): KeySpec {
    const { settled, groups } = this.#deps;
    if (settled.has(spec.name)) throw taken(spec.name);
    if (spec.group !== "" && !Object.hasOwn(groups, spec.group)) {
      const known = Object.keys(groups).slice(0, 20).join(", ") || "none";
      throw invalid("key.group", `it is no group of auth.groups; there is ${known}`);
    }
    return spec;
  }

  async create(spec: KeySpec, context: HandlerContext): Promise<[Key, string]> {
    const { nowMs } = this;
    if (spec.expiresMs !== undefined && spec.expiresMs <= nowMs) {
      throw invalid("key.expire_time", "it has passed");
    }
    requireWithin(context.values.get(principalKey), spec.rights);
    const secret = newKeyText();
    const about = {
      ...spec,
      ...{ id: this.#ids.next(), digest: digestOf(secret), prefix: shownOf(secret) },
      ...{ createdMs: nowMs, createdBy: principalOf(context) },
    };
    const key = await this.asked(({ store }) =>
      store.insert(spec.name, ({ change }) => ({ ...about, sequence: change, change })),
    );
    if (key === undefined) throw taken(spec.name);
    this.#tell(key, "create_key", context);
    return [key, secret];
  }

  /** Changes a key; it is in force when this resolves. */
  async edit(
    before: Key,
    action: Exclude<KeyAction["action"], "create_key">,
    context: HandlerContext,
    edit: (key: Key) => Key,
  ): Promise<Key> {
    const caller = context.values.get(principalKey);
    // Revoking gives nobody anything.
    if (action !== "revoke_key") requireWithin(caller, edit(before).rights);
    const key = await this.asked(({ store }) => store.update(before.id, edit));
    if (key === "taken") throw taken(before.name);
    if (key === undefined) throw fault("NOT_FOUND", "there is no such key any more");
    this.#tell(key, action, context);
    return key;
  }

  #tell(key: Key, action: KeyAction["action"], { values }: HandlerContext): void {
    this.room.live.apply(key);
    const { requestId, principal = "anonymous" } = values.get(callRecordKey);
    this.#deps.onAction({ requestId, principal, action, key: key.id, name: key.name });
  }

  /** What was spent in a time, as far as it is written: all but the last second. */
  async usage(
    { startTime, endTime, ...filter }: UsageWish,
    by: UsageDimension,
    signal: AbortSignal,
  ): Promise<UsageSums> {
    const { nowMs } = this;
    const fromMs = startTime === undefined ? monthOf(nowMs) : timestampMs(startTime);
    const toMs = endTime === undefined ? nowMs + 1 : timestampMs(endTime);
    const given = Object.entries(filter).filter(([, name]) => name !== "");
    const sums = new UsageSums(by, Object.fromEntries(given));
    await this.asked(async ({ usage }) => {
      for await (const records of usage.read(fromMs, toMs, filter.key)) {
        if (signal.aborted) return;
        for (const record of records) sums.add(record);
      }
    });
    signal.throwIfAborted();
    return sums;
  }
}

/** The time of a request, and what it is about. */
type UsageWish = Pick<GetUsageRequest, "key" | "group" | "tag" | "model"> & {
  readonly startTime?: Timestamp | undefined;
  readonly endTime?: Timestamp | undefined;
};

function taken(name: string) {
  return fault("ALREADY_EXISTS", `there is a key named "${name}"`, {
    fields: [{ field: "key.name", description: "another key has this name" }],
  });
}

function principalOf({ values }: HandlerContext): string {
  return values.get(principalKey).id;
}

/** The service; without a room it refuses all but the caller's own key. */
export function createKeysService(deps: KeysDeps): ServiceImpl<typeof KeysService> {
  const keys = new Keys(deps);
  return {
    async createKey({ key: message }, context) {
      if (message === undefined) throw invalid("key", "it is required");
      const [key, secret] = await keys.create(keys.checked(specOf(message)), context);
      return { key: keyMessage(key, keys.nowMs), secret };
    },
    async listKeys({ group, includeRevoked, pageSize = pageSizeDefault, pageToken }) {
      const before = sequenceOf(pageToken);
      const listing = { group, includeRevoked, before, size: pageSize + 1 };
      const found = await keys.asked(({ store }) => store.list(listing));
      const page = found.slice(0, pageSize);
      const isLast = found.length <= pageSize;
      return {
        keys: page.map((key) => keyMessage(key, keys.nowMs)),
        nextPageToken: isLast ? "" : String(page.at(-1)?.sequence),
      };
    },
    async getKey({ key }) {
      return { key: keyMessage(await keys.named(key, "key"), keys.nowMs) };
    },
    async getOwnKey(_request, { values, signal }) {
      const principal = values.get(principalKey);
      const { id, authenticated } = principal;
      if (!authenticated) throw fault("NOT_FOUND", "the gateway asks for no key");
      const isSettled = deps.settled.has(id);
      const { room } = deps;
      if (room === undefined) {
        return { key: principalMessage(principal, isSettled ? "settings" : "") };
      }
      const wish = { key: id, group: "", tag: "", model: "" };
      const [key, { total }] = await Promise.all([
        isSettled ? undefined : keys.asked(({ store }) => store.find(id)),
        keys.usage(wish, "key", signal),
      ]);
      const other = () => principalMessage(principal, isSettled ? "settings" : "");
      return {
        key: key === undefined ? other() : keyMessage(key, keys.nowMs),
        usage: usageMessage(id, total),
      };
    },
    async updateKey({ id, key: message, updateMask }, context) {
      if (message === undefined) throw invalid("key", "it is required");
      const fields = fieldsOf(updateMask);
      const before = await keys.named(id, "id");
      if (before.revokedMs !== undefined) throw ended(before, keys.nowMs);
      const changedOf = (key: Key) => merged(key, message, fields);
      keys.checked(changedOf(before));
      const key = await keys.edit(before, "update_key", context, (current) => {
        const { expiresMs: _, ...others } = current;
        return { ...others, ...changedOf(current) };
      });
      return { key: keyMessage(key, keys.nowMs) };
    },
    async rotateKey({ key: name, overlapSeconds = overlapSecondsDefault }, context) {
      const before = await keys.named(name, "key");
      const { nowMs } = keys;
      if (!isLive(before, nowMs)) throw ended(before, nowMs);
      const secret = newKeyText();
      const untilMs = nowMs + overlapSeconds * 1000;
      const key = await keys.edit(before, "rotate_key", context, (current) => {
        const { previous: _, ...others } = current;
        const renewed = { digest: digestOf(secret), prefix: shownOf(secret), rotatedMs: nowMs };
        const previous = overlapSeconds > 0 && { previous: { digest: current.digest, untilMs } };
        return { ...others, ...renewed, ...previous };
      });
      if (key.revokedMs !== undefined) throw ended(key, nowMs);
      return { key: keyMessage(key, nowMs), secret };
    },
    async revokeKey({ key: name }, context) {
      const before = await keys.named(name, "key");
      const { nowMs } = keys;
      const key = await keys.edit(before, "revoke_key", context, (current) => {
        const { previous: _, ...others } = current;
        return { ...others, revokedMs: current.revokedMs ?? nowMs };
      });
      return { key: keyMessage(key, nowMs) };
    },
    async getUsage({ by, startTime, endTime, key, group, tag, model }, { signal }) {
      const dimension = (by === "" ? "key" : by) as UsageDimension;
      const wish = { startTime, endTime, key, group, tag, model };
      // An operator may wait for what the last second spent; a caller may not make the gateway write.
      await keys.room.recorder.flush();
      const sums = await keys.usage(wish, dimension, signal);
      const rows = sums.rows();
      return {
        rows: rows.slice(0, usageRowsMax).map(([name, spent]) => usageMessage(name, spent)),
        total: usageMessage("", sums.total),
        truncated: rows.length > usageRowsMax,
      };
    },
  };
}

function ended(key: Key, nowMs: number) {
  const how = isLive(key, nowMs) || key.revokedMs !== undefined ? "revoked" : "expired";
  return fault("FAILED_PRECONDITION", `the key "${key.name}" is ${how}`);
}
