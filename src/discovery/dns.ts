/** Asks name servers where a name's endpoints are: A and AAAA, or SRV and then those of its targets. */

import { lookup, Resolver } from "node:dns/promises";
import type { DnsSettings } from "#backends/discovery-settings.ts";
import { abortable } from "#core/abortable.ts";
import { onAbort } from "#core/on-abort.ts";
import type { Answer, Resolve } from "./discovery.ts";
import type { Place } from "./slots.ts";

/** The system's own way from a name to its addresses. */
export type SystemLookup = (name: string) => Promise<readonly { readonly address: string }[]>;

/** A name server is given so long, and is asked so often. */
const patience = { timeout: 2_000, tries: 2 };
/** Answers of a name server that say that there is nothing, which is no failure of it. */
const absences: ReadonlySet<unknown> = new Set(["ENOTFOUND", "ENODATA"]);
const weightMax = 1_000;

interface Found {
  readonly address: string;
  readonly ttl: number;
}

const bySystem: SystemLookup = (name) => lookup(name, { all: true });

function leastTtl(found: readonly Found[]): Pick<Answer, "ttlMs"> {
  return found.length === 0 ? {} : { ttlMs: 1_000 * Math.min(...found.map(({ ttl }) => ttl)) };
}

function isAbsence(thrown: unknown): boolean {
  return thrown instanceof Error && "code" in thrown && absences.has(thrown.code);
}

/**
 * Asks for what the settings name, and the system where name servers know nothing of an address; with
 * name servers of their own they alone are asked. What it was given last of a kind of
 * address holds while only the other kind is answered.
 */
export function dnsResolve(
  { name, records, port, servers, endpointsMax }: DnsSettings,
  system: SystemLookup | undefined = servers.length === 0 ? bySystem : undefined,
): Resolve {
  let known = new Map<string, readonly Found[]>();

  /** Addresses of one name. Empty: it has none. */
  const addressesOf = async (
    resolver: Resolver,
    host: string,
    told: Map<string, readonly Found[]>,
  ): Promise<readonly Found[]> => {
    const ask = (kind: "4" | "6") =>
      kind === "4"
        ? resolver.resolve4(host, { ttl: true })
        : resolver.resolve6(host, { ttl: true });
    const kinds = ["4", "6"] as const;
    const answers = await Promise.allSettled(
      kinds.map((kind) =>
        ask(kind).catch((thrown: unknown) => {
          if (isAbsence(thrown)) return [];
          throw thrown;
        }),
      ),
    );
    const failed = answers.find((answer) => answer.status === "rejected");
    const found = answers.flatMap((answer, index) => {
      const key = `${kinds[index]} ${host}`;
      const now = answer.status === "fulfilled" ? answer.value : (known.get(key) ?? []);
      told.set(key, now);
      return now;
    });
    const hasAnswered = answers.some(
      (answer) => answer.status === "fulfilled" && answer.value.length > 0,
    );
    // A server that fails for one kind and has none of the other has reported nothing.
    if (failed !== undefined && !hasAnswered) throw failed.reason;
    return found;
  };

  /** Name servers know complete names alone; the system also knows search domains and its file of hosts. */
  const addresses = async (
    resolver: Resolver,
    told: Map<string, readonly Found[]>,
  ): Promise<Answer> => {
    const placeOf = ({ address }: { readonly address: string }) => ({ address, port, weight: 1 });
    try {
      const found = await addressesOf(resolver, name, told);
      if (found.length > 0 || system === undefined) {
        return { places: found.map(placeOf), ...leastTtl(found) };
      }
    } catch (thrown) {
      if (system === undefined) throw thrown;
    }
    return { places: (await system(name)).map(placeOf) };
  };

  const ask = async (resolver: Resolver): Promise<Answer> => {
    const told = new Map<string, readonly Found[]>();
    try {
      if (records === "addresses") return await addresses(resolver, told);
      const offers = await resolver.resolveSrv(name);
      const best = Math.min(...offers.map(({ priority }) => priority));
      const places = offers
        .filter((offer) => offer.priority === best && offer.port > 0 && offer.name !== "")
        .slice(0, endpointsMax)
        .map(async (offer): Promise<Place[]> => {
          const weight = Math.min(weightMax, Math.max(1, offer.weight));
          const found = await addressesOf(resolver, offer.name, told);
          return found.map(({ address }) => ({ address, port: offer.port, weight }));
        });
      // Node tells no TTL of SRV; that of its targets is of the same zone, or of what runs there.
      return { places: (await Promise.all(places)).flat(), ...leastTtl([...told.values()].flat()) };
    } finally {
      known = told;
    }
  };

  return async (signal) => {
    signal.throwIfAborted();
    // Made for each question: it keeps what it was given for as long as that says.
    const resolver = new Resolver(patience);
    if (servers.length > 0) resolver.setServers(servers);
    const forget = onAbort(signal, () => resolver.cancel());
    try {
      return await abortable(ask(resolver), signal);
    } finally {
      forget();
    }
  };
}
