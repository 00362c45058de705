import { describe, expect, test } from "vitest";
import {
  ConnectionPlaces,
  leavingMax,
  type Place,
  type PlacedConnection,
} from "#exchange/connection-places.ts";

/** A connection that leaves its place as soon as it is retired. */
class Connection implements PlacedConnection {
  place: Place | undefined;
  retired = false;
  idleSinceMs: number | undefined;
  readonly #places: ConnectionPlaces;
  readonly #leaves: boolean;

  constructor(places: ConnectionPlaces, idleSinceMs: number | undefined, leaves = true) {
    this.#places = places;
    this.idleSinceMs = idleSinceMs;
    this.#leaves = leaves;
  }

  retire(): void {
    this.retired = true;
    if (this.#leaves && this.place !== undefined) this.#places.leave(this.place);
  }
}

/** Connections that got a place. */
function enter(
  places: ConnectionPlaces,
  count: number,
  { address = "a", idleSinceMs = undefined as number | undefined, nowMs = 0, leaves = true } = {},
): Connection[] {
  const entered: Connection[] = [];
  for (let index = 0; index < count; index += 1) {
    const connection = new Connection(places, idleSinceMs, leaves);
    connection.place = places.enter(address, connection, nowMs);
    if (connection.place !== undefined) entered.push(connection);
  }
  return entered;
}

const limits = { placesMax: 80, perAddressMax: 20 };
/** From here on few places are left. */
const crowded = 70;

describe("with busy connections alone", () => {
  test("one address gets no more once few places are left, and the last are for others", () => {
    const places = new ConnectionPlaces(limits);
    expect(enter(places, 200, { address: "greedy" }).length).toBe(crowded);
    for (let index = 0; index < 10; index += 1) {
      expect(enter(places, 1, { address: `modest ${index}` }).length).toBe(1);
    }
    expect(enter(places, 1, { address: "late" }).length).toBe(0);
  });

  test("an address that holds little gets the last place, but not one more", () => {
    const places = new ConnectionPlaces(limits);
    enter(places, crowded, { address: "greedy" });
    expect(enter(places, 20, { address: "modest" }).length).toBe(10);
  });

  test("a place that is left is taken again", () => {
    const places = new ConnectionPlaces(limits);
    const [first] = enter(places, crowded, { address: "greedy" });
    if (first?.place !== undefined) places.leave(first.place);
    expect(enter(places, 5, { address: "greedy" }).length).toBe(1);
  });
});

describe("idle connections", () => {
  test("stay as long as there are places", () => {
    const places = new ConnectionPlaces(limits);
    const idle = enter(places, crowded - 1, { idleSinceMs: 0 });
    enter(places, 1, { address: "b", nowMs: 1e6 });
    expect(idle.some(({ retired }) => retired)).toBe(false);
  });

  test("of a minute go when few places are left, those who were idle longest first", () => {
    const places = new ConnectionPlaces(limits);
    const [older] = enter(places, 1, { address: "b", idleSinceMs: 0 });
    const [young] = enter(places, 1, { address: "c", idleSinceMs: 90_000 });
    const [old] = enter(places, 1, { address: "d", idleSinceMs: 10_000 });
    enter(places, crowded - 3);
    enter(places, 1, { address: "e", nowMs: 100_000 });
    expect([older, old, young].map((one) => one?.retired)).toEqual([true, false, false]);
    enter(places, 1, { address: "e", nowMs: 101_000 });
    enter(places, 1, { address: "e", nowMs: 102_000 });
    expect([older, old, young].map((one) => one?.retired)).toEqual([true, true, false]);
  });

  test("of five seconds go for a newcomer when no place is left", () => {
    const places = new ConnectionPlaces(limits);
    enter(places, crowded);
    const others = Array.from({ length: 10 }, (_, index) =>
      enter(places, 1, { address: `b${index}`, idleSinceMs: 0 }),
    ).flat();
    expect(enter(places, 1, { address: "late", nowMs: 4000 }).length).toBe(0);
    expect(enter(places, 1, { address: "late", nowMs: 6000 }).length).toBe(1);
    expect(others.filter(({ retired }) => retired).length).toBe(1);
  });

  test("of an address that holds many go before others that are idle longer", () => {
    const places = new ConnectionPlaces(limits);
    const [modest] = enter(places, 1, { address: "modest", idleSinceMs: 0 });
    const greedy = enter(places, crowded - 1, { address: "greedy", idleSinceMs: 10_000 });
    enter(places, 1, { address: "late", nowMs: 100_000 });
    expect(modest?.retired).toBe(false);
    expect(greedy.some(({ retired }) => retired)).toBe(true);
  });

  test("of its own make room for an address that holds many, and for it alone", () => {
    const places = new ConnectionPlaces(limits);
    const busy = enter(places, crowded - 1, { address: "greedy" });
    const [own] = enter(places, 1, { address: "greedy", idleSinceMs: 0 });
    const [other] = enter(places, 1, { address: "modest", idleSinceMs: 0 });
    expect(enter(places, 2, { address: "greedy", nowMs: 10_000 }).length).toBe(1);
    expect([own?.retired, other?.retired]).toEqual([true, false]);
    expect(busy.some(({ retired }) => retired)).toBe(false);
  });

  test("that are slow to leave are a bounded number", () => {
    const places = new ConnectionPlaces({ placesMax: 800, perAddressMax: 800 });
    const idle = enter(places, 800, { idleSinceMs: 0, leaves: false });
    const late = enter(places, 800, { address: "late", nowMs: 100_000 });
    expect(idle.filter(({ retired }) => retired).length).toBe(leavingMax);
    expect(late.length).toBeLessThanOrEqual(leavingMax);
  });
});

test("what is known of a connection later counts in place of what was known first", () => {
  const places = new ConnectionPlaces(limits);
  const [placed] = enter(places, 1, { address: "b", idleSinceMs: 0 });
  const known = new Connection(places, undefined);
  if (placed?.place !== undefined) placed.place.known = known;
  enter(places, crowded - 1);
  enter(places, 1, { address: "c", nowMs: 100_000 });
  expect([placed?.retired, known.retired]).toEqual([false, false]);
  known.idleSinceMs = 1;
  enter(places, 1, { address: "c", nowMs: 200_000 });
  expect([placed?.retired, known.retired]).toEqual([false, true]);
});
