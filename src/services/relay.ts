/** RelayService: operations of OpenAI's API in their client's own words, under the policy of all calls. */

import type { HandlerContext, ServiceImpl } from "@connectrpc/connect";
import { GatheredBytes } from "#core/gathered-bytes.ts";
import { parameterInvalid } from "#dialects/json-object.ts";
import {
  type ClientWords,
  clientWordsKey,
  type OperationPiece,
  type OperationRequest,
  WholeBody,
} from "#dialects/relay/client-body.ts";
import type { Edit } from "#dialects/relay/members.ts";
import { type ObjectKind, type Operation, operationNamed } from "#dialects/relay/operations.ts";
import { usageTap } from "#dialects/relay/usage-tap.ts";
import { malformed } from "#dialects/upstream-error.ts";
import { fault } from "#errors/fault.ts";
import type { RelayRequest, RelayResponse, RelayService } from "#gen/polygate/v1/relay_pb.js";
import { RelayResponseSchema } from "#gen/polygate/v1/relay_pb.js";
import { ownerOf } from "#interceptors/caller.ts";
import { creatorOf } from "#protobuf/creator.ts";
import type { Answered } from "./account.ts";
import { backendCallOf } from "./backend-call.ts";
import {
  type ListPage,
  listOf,
  listPageFrom,
  type ObjectPlace,
  sealedObject,
} from "./relay-objects.ts";
import { likelyTokens, RoutedCall, type RoutedDeps } from "./routed-call.ts";

/** What the service needs. */
export interface RelayServiceDeps extends RoutedDeps {
  /** Provider of what names no model; absent: the only one that there is, else the one named openai. */
  readonly provider?: string;
}

/** Bytes of a file's or a batch's object, and of a page of them. */
const objectBytesMax = 1024 * 1024;
const pageBytesMax = 8 * 1024 * 1024;
/** Objects that are asked for at a time, which OpenAI takes for both kinds, and pages of one list. */
const pageLength = 100;
const pagesMax = 50;
/** Objects of a list when no one says, and at most. */
const listLengths: Readonly<Partial<Record<ObjectKind, number>>> = { file: 1_000, batch: 20 };
const listLengthMax = 1_000;
/** Parts of one upload, which is 8 GB in parts of 64 MB at OpenAI. */
const partsMax = 10_000;

/** What is known of a reply that passes by. */
interface Reading {
  readonly answeredOf?: (() => Answered) | undefined;
  readonly tokensRead?: () => number;
}

const createResponse = creatorOf(RelayResponseSchema);

/** Where a request goes, and what of its words changes. */
interface Plan {
  readonly operation: Operation;
  readonly words: ClientWords;
  /** As the catalog knows it: a model, or a provider with nothing after its slash. */
  readonly model: string;
  readonly path: string;
  readonly hasId: boolean;
  /** Of a file or a batch. */
  readonly place?: ObjectPlace;
  /** The id in the path, as the provider has it. */
  readonly id?: string;
}

/** An id as a client sent it. */
interface SealedId {
  readonly kind: ObjectKind;
  readonly id: string;
}

const kindWords: Readonly<Record<ObjectKind, string>> = {
  file: "File",
  batch: "Batch",
  upload: "Upload",
  part: "Part",
};

function notFound(kind: ObjectKind, id: string, param: string) {
  return fault("NOT_FOUND", `No such ${kindWords[kind]} object: ${id}`, { metadata: { param } });
}

/** Every piece of a whole reply, gathered. */
async function gathered(
  pieces: AsyncIterable<OperationPiece>,
  bytesMax: number,
): Promise<{ readonly head: NonNullable<OperationPiece["head"]>; readonly bytes: Uint8Array }> {
  const bytes = new GatheredBytes();
  let head: OperationPiece["head"];
  for await (const piece of pieces) {
    head ??= piece.head;
    if (bytes.length + piece.data.length > bytesMax) {
      throw malformed(`the provider's response has more than ${bytesMax} bytes`);
    }
    bytes.add(piece.data);
  }
  if (head === undefined) throw malformed("the provider sent nothing");
  return { head, bytes: bytes.take() };
}

/** A whole reply, of another length than its provider's. */
function wholeReply(status: number, data: Uint8Array): RelayResponse {
  const headers = { "content-type": "application/json", "content-length": String(data.length) };
  return createResponse({ status, headers, data });
}

/** Passes operations on. */
class Relaying {
  readonly #deps: RelayServiceDeps;

  constructor(deps: RelayServiceDeps) {
    this.#deps = deps;
  }

  /** The reply in pieces; its head comes with the first one. */
  async *reply(request: RelayRequest, context: HandlerContext): AsyncGenerator<RelayResponse> {
    const plan = this.#plan(request, context);
    const affinityKey = plan.place?.kind;
    const { body } = plan.words;
    const ask = {
      // What one endpoint of a provider keeps, the others do not know.
      ...(affinityKey === undefined ? {} : { affinityKey: "files" }),
      promptTokens: body instanceof WholeBody ? likelyTokens(body.length) : 0,
      outputTokens: 0,
      needs: "relay" as const,
    };
    const operation = genAiNameOf(plan.operation);
    // Of what else is relayed no one knows how many tokens come.
    const outputTokensMax = plan.operation.name === "completions" ? undefined : 0;
    const wanted = { model: plan.model, ask, operation, outputTokensMax };
    const active = new RoutedCall(this.#deps, wanted, context);
    const replied = (own: HandlerContext) => this.#replied(plan, active, own);
    // A form that is still to come from a client that left never will.
    const lasting = body instanceof WholeBody ? active.lasting(() => body.length) : undefined;
    yield* lasting === undefined ? replied(context) : lasting.stream(replied);
  }

  async *#replied(
    plan: Plan,
    active: RoutedCall,
    context: HandlerContext,
  ): AsyncGenerator<RelayResponse> {
    const end = active.measure(context.signal);
    let isOver = false;
    try {
      switch (plan.operation.reply) {
        case "bytes":
          yield* this.#passed(plan, active, context);
          break;
        case "object":
          yield await this.#object(plan, active, context);
          break;
        case "list":
          yield await this.#list(plan, active, context);
          break;
      }
      isOver = true;
      end();
    } catch (thrown) {
      isOver = true;
      end(thrown);
      throw thrown;
    } finally {
      if (!isOver) end(new DOMException("the client left", "AbortError"));
    }
  }

  async *#passed(
    plan: Plan,
    active: RoutedCall,
    context: HandlerContext,
  ): AsyncGenerator<RelayResponse> {
    let tap = usageTap();
    const answeredOf = () => ({
      model: context.responseHeader.get("x-polygate-model") ?? plan.operation.name,
      usage: tap.usage(),
    });
    const counted = plan.operation.model === undefined ? undefined : answeredOf;
    const readOf = { answeredOf: counted, tokensRead: () => tap.events() };
    for await (const { head, data } of this.#pieces(plan, active, context, readOf)) {
      if (head !== undefined) tap = usageTap(head.headers["content-type"]);
      tap.push(data);
      yield createResponse({ status: head?.status ?? 0, headers: head?.headers ?? {}, data });
    }
  }

  async #object(plan: Plan, active: RoutedCall, context: HandlerContext): Promise<RelayResponse> {
    const { ids } = this.#deps;
    const place = placeOf(plan);
    const pieces = this.#pieces(plan, active, context);
    const { head, bytes } = await gathered(pieces, objectBytesMax);
    const sealed = sealedObject(bytes, place, ids);
    const isDeleted = plan.operation.method === "DELETE";
    if (isDeleted && plan.id !== undefined) ids.forget({ ...place, id: plan.id });
    return wholeReply(head.status, sealed);
  }

  /** One's own objects, of as many of the provider's pages as it takes. */
  async #list(plan: Plan, active: RoutedCall, context: HandlerContext): Promise<RelayResponse> {
    const place = placeOf(plan);
    const wanted = wantedLength(plan.words.query, place.kind);
    let after = plan.id;
    let own: ListPage["own"] = [];
    let hasMore = true;
    for (let pages = 0; hasMore && own.length <= wanted && pages < pagesMax; pages += 1) {
      const path = `${plan.path}?${pageQuery(plan.words.query, after)}`;
      const pieces = this.#pieces({ ...plan, path }, active, context);
      const { bytes } = await gathered(pieces, pageBytesMax);
      const page = listPageFrom(bytes, place, this.#deps.ids);
      own = own.concat(page.own);
      hasMore = page.hasMore && page.last !== undefined && page.last !== after;
      after = page.last;
    }
    const told = own.slice(0, wanted);
    return wholeReply(200, listOf(told, hasMore || own.length > wanted));
  }

  #pieces(
    { operation, words, path, hasId }: Plan,
    active: RoutedCall,
    context: HandlerContext,
    { answeredOf, tokensRead }: Reading = {},
  ): AsyncIterable<OperationPiece> {
    const { headers, body } = words;
    const { method } = operation;
    const request: OperationRequest = {
      method,
      path,
      headers,
      hasId,
      ...(body === undefined ? {} : { body }),
    };
    return active.pieces(
      (backend, call) => {
        if (backend.relay !== undefined) return backend.relay(request, call);
        throw fault("OPERATION_UNSUPPORTED", "the backend does not speak OpenAI's API");
      },
      backendCallOf(context),
      {
        isSpent: () => body?.isSpent === true,
        ...(tokensRead === undefined ? {} : { tokensRead }),
        ...(answeredOf === undefined ? {} : { answeredOf }),
      },
    );
  }

  #plan({ operation: name, model, id }: RelayRequest, context: HandlerContext): Plan {
    const operation = operationNamed(name);
    const words = context.values.get(clientWordsKey);
    if (operation === undefined || words === undefined) {
      throw fault("METHOD_UNKNOWN", "there is no such operation");
    }
    const { kind, template } = operation;
    if (kind !== undefined) return this.#objectPlan({ operation, words, kind, id }, context);
    const target = model === "" ? `${this.#provider(template)}/` : model;
    return { operation, words, model: target, path: pathOf(operation), hasId: false };
  }

  /** Throws NOT_FOUND for ids of others, as for those of no one. */
  #objectPlan(
    { operation, words, kind, id }: Pick<Plan, "operation" | "words"> & SealedId,
    context: HandlerContext,
  ): Plan {
    const owner = ownerOf(context.values);
    const opened = (named: ObjectKind, sealed: string, param: string) => {
      const placed = this.#deps.ids.open(owner, named, sealed);
      if (placed === undefined) throw notFound(named, sealed, param);
      return placed;
    };
    const at = (provider: string) => ({
      operation,
      words,
      path: pathOf(operation),
      model: `${provider}/`,
      hasId: false,
      place: { owner, provider, kind: operation.makes ?? kind },
    });
    if (operation.name === "batches/create") {
      const file = opened("file", id, "input_file_id");
      return { ...at(file.provider), words: withInputFile(words, file.id) };
    }
    if (id !== "") {
      const placed = opened(kind, id, "id");
      const path = pathOf(operation).replace("{id}", () => encodeURIComponent(placed.id));
      const ownWords =
        operation.name === "uploads/complete"
          ? withParts(words, (part, param) => {
              const { provider, id: own } = opened("part", part, param);
              // Of another provider's upload.
              if (provider !== placed.provider) throw notFound("part", part, param);
              return own;
            })
          : words;
      return { ...at(placed.provider), words: ownWords, path, hasId: true, id: placed.id };
    }
    const after = operation.reply === "list" ? words.query.get("after") : null;
    if (after === null) return at(this.#provider(operation.template));
    const last = opened(kind, after, "after");
    return { ...at(last.provider), id: last.id };
  }

  /** The provider of what names no model. */
  #provider(template: string): string {
    const { catalog, provider } = this.#deps;
    if (provider !== undefined) return provider;
    const able = catalog.providers.filter(({ abilities }) => abilities?.has("relay") === true);
    const only = able.length === 1 ? able[0] : able.find(({ name }) => name === "openai");
    if (only !== undefined) return only.name;
    const which =
      able.length === 0 ? "no provider speaks OpenAI's API" : "name one in relay.provider";
    throw fault("OPERATION_UNSUPPORTED", `no provider takes ${template}: ${which}`);
  }
}

/** What OpenTelemetry's conventions call an operation: they have a word for completions alone. */
function genAiNameOf({ name, model }: Operation): string | undefined {
  if (model === undefined) return undefined;
  return name === "completions" ? "text_completion" : name;
}

/** The path of an operation after a provider's base URL. */
function pathOf({ template }: Operation): string {
  return template.slice("/v1".length);
}

function placeOf({ place }: Plan): ObjectPlace {
  if (place === undefined) throw new TypeError("an operation on objects has a place");
  return place;
}

function withInputFile(words: ClientWords, id: string): ClientWords {
  if (!(words.body instanceof WholeBody)) throw fault("BODY_MALFORMED", "the body is not JSON");
  return { ...words, body: words.body.with({ input_file_id: () => JSON.stringify(id) }) };
}

/** The words with the parts of an upload as its provider knows them. */
function withParts(
  words: ClientWords,
  ownId: (part: string, param: string) => string,
): ClientWords {
  if (!(words.body instanceof WholeBody)) throw fault("BODY_MALFORMED", "the body is not JSON");
  const own: Edit = (value) => {
    const parts: unknown = value === undefined ? undefined : JSON.parse(value);
    if (!Array.isArray(parts) || parts.length > partsMax) {
      throw parameterInvalid("part_ids", `expected a list of at most ${partsMax} parts`);
    }
    return JSON.stringify(parts.map((part, index) => ownId(String(part), `part_ids[${index}]`)));
  };
  return { ...words, body: words.body.with({ part_ids: own }) };
}

/** How many objects a list is to have. */
function wantedLength(query: URLSearchParams, kind: ObjectKind): number {
  const limit = query.get("limit");
  if (limit === null) return listLengths[kind] ?? listLengthMax;
  if (/^[1-9]\d{0,8}$/.test(limit)) return Math.min(Number(limit), listLengthMax);
  throw fault("PARAMETER_INVALID", "limit: expected a number of objects, at least 1", {
    metadata: { param: "limit" },
  });
}

/** Asks for a page after the object of an id; what else is asked for passes. */
function pageQuery(query: URLSearchParams, after: string | undefined): string {
  const asked = new URLSearchParams({ limit: String(pageLength) });
  for (const name of ["order", "purpose"]) {
    const value = query.get(name);
    if (value !== null) asked.set(name, value);
  }
  if (after !== undefined) asked.set("after", after);
  return asked.toString();
}

/** The service over the catalog of chat routes. */
export function createRelayService(deps: RelayServiceDeps): ServiceImpl<typeof RelayService> {
  const relaying = new Relaying(deps);
  return {
    relay: (request, context) => relaying.reply(request, context),
    async *relayUpload(requests, context) {
      for await (const request of requests) {
        yield* relaying.reply(request, context);
        return;
      }
    },
  };
}
