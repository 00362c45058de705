/** Who gets the places of a port when few are left: no address too many, and the idle make room. Pure: it is given the time. */

/** What is known of a connection once its protocol is. */
export interface PlacedConnection {
  /** Since when it has had no request; undefined while it has one. */
  readonly idleSinceMs: number | undefined;
  /** Ends it, as its protocol does. */
  retire(): void;
}

/** How many there are, and for whom. */
export interface PlaceLimits {
  readonly placesMax: number;
  /** Places of one address, once few are left. */
  readonly perAddressMax: number;
}

/** Few places are left when so many of them are taken. */
const crowdedShare = 7 / 8;
/** Time without a request after which a connection ends when few places are left. */
const idleMsMax = 60_000;
/** A connection that was just made may have its first request on its way. */
const idleMsMin = 5_000;
/** Time between two looks at who is idle. */
const lookMs = 1_000;
/** Those that were retired and are not gone yet may be so many besides `placesMax`. */
export const leavingMax: number = 64;
/** Idle connections that are kept in mind between two looks. */
const idleMax = 256;

/** A connection's place. */
export class Place {
  readonly address: string;
  readonly #connection: PlacedConnection;
  #known: PlacedConnection | undefined;
  isLeaving = false;

  /** `connection` stands for it until its protocol is known. */
  constructor(address: string, connection: PlacedConnection) {
    this.address = address;
    this.#connection = connection;
  }

  /** Its protocol is known. */
  set known(connection: PlacedConnection) {
    this.#known = connection;
  }

  get idleSinceMs(): number | undefined {
    return (this.#known ?? this.#connection).idleSinceMs;
  }

  retire(): void {
    this.isLeaving = true;
    (this.#known ?? this.#connection).retire();
  }
}

/** The places of one port. */
export class ConnectionPlaces {
  readonly #limits: PlaceLimits;
  readonly #places = new Set<Place>();
  readonly #countByAddress = new Map<string, number>();
  #leaving = 0;
  #lookedMs = Number.NEGATIVE_INFINITY;
  /** Who was idle at the last look; whoever should go first is last. */
  #idle: Place[] = [];

  constructor(limits: PlaceLimits) {
    this.#limits = limits;
  }

  /** Gives a place, for which others may have to leave; undefined when there is none. */
  enter(address: string, connection: PlacedConnection, nowMs: number): Place | undefined {
    if (this.#isCrowded && !this.#makesRoom(address, nowMs)) return undefined;
    const place = new Place(address, connection);
    this.#places.add(place);
    this.#countByAddress.set(address, this.#countOf(address) + 1);
    return place;
  }

  /** The connection is closed. */
  leave(place: Place): void {
    if (!this.#places.delete(place)) return;
    if (place.isLeaving) this.#leaving -= 1;
    const count = this.#countOf(place.address) - 1;
    if (count > 0) this.#countByAddress.set(place.address, count);
    else this.#countByAddress.delete(place.address);
  }

  get #taken(): number {
    return this.#places.size - this.#leaving;
  }

  get #isCrowded(): boolean {
    return this.#taken >= crowdedShare * this.#limits.placesMax;
  }

  #countOf(address: string): number {
    return this.#countByAddress.get(address) ?? 0;
  }

  #holdsMuch(address: string): boolean {
    return this.#countOf(address) >= this.#limits.perAddressMax;
  }

  /** Whether another connection of this address fits in, now that few places are left. */
  #makesRoom(address: string, nowMs: number): boolean {
    if (nowMs - this.#lookedMs >= lookMs) this.#look(nowMs);
    if (this.#leaving >= leavingMax) return this.#fits(address);
    while (this.#isCrowded && this.#retireNext(nowMs, idleMsMax)) {
      // Whoever was idle for long has had its time.
    }
    if (this.#fits(address)) return true;
    return this.#retireNext(nowMs, idleMsMin, this.#holdsMuch(address) ? address : undefined);
  }

  #fits(address: string): boolean {
    return this.#taken < this.#limits.placesMax && !this.#holdsMuch(address);
  }

  /** Finds who is idle: first go those of addresses that hold much, then who is idle longest. */
  #look(nowMs: number): void {
    this.#lookedMs = nowMs;
    const idle: { place: Place; isMuch: boolean; sinceMs: number }[] = [];
    for (const place of this.#places) {
      const { idleSinceMs: sinceMs } = place;
      if (sinceMs === undefined || place.isLeaving) continue;
      idle.push({ place, isMuch: this.#holdsMuch(place.address), sinceMs });
    }
    idle.sort((one, other) => {
      if (one.isMuch !== other.isMuch) return one.isMuch ? 1 : -1;
      return other.sinceMs - one.sinceMs;
    });
    this.#idle = idle.slice(-idleMax).map(({ place }) => place);
  }

  /** Ends the next connection that was idle for so long; of `address` alone when there is one. */
  #retireNext(nowMs: number, idleMs: number, address?: string): boolean {
    if (this.#leaving >= leavingMax) return false;
    for (let index = this.#idle.length - 1; index >= 0; index -= 1) {
      const place = this.#idle[index];
      if (place === undefined) return false;
      const { idleSinceMs } = place;
      const isGone = place.isLeaving || !this.#places.has(place) || idleSinceMs === undefined;
      const isIdle = !isGone && nowMs - idleSinceMs >= idleMs;
      if (!isIdle || (address !== undefined && place.address !== address)) continue;
      this.#idle.splice(index, 1);
      this.#leaving += 1;
      place.retire();
      return true;
    }
    return false;
  }
}
