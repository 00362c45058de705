/** Which place of a name has which number, as places come and go. Pure. */

/** Where one endpoint is. */
export interface Place {
  /** An IP address. */
  readonly address: string;
  readonly port: number;
  /** Share of the calls, above 0. */
  readonly weight: number;
}

/** A place with its number, which it keeps as long as it is there. */
export interface Slot extends Place {
  /** From 1 up to the most places: names made of numbers stay few, whatever addresses come and go. */
  readonly number: number;
}

/** From one set of places to the next. */
export interface SlotChange {
  /** All places from now on, by number. */
  readonly slots: readonly Slot[];
  readonly joined: readonly Slot[];
  /** Those that stay, with another weight. */
  readonly weighed: readonly Slot[];
  readonly left: readonly Slot[];
  /** Places for which there was no room. */
  readonly beyond: number;
}

const keyOf = ({ address, port }: Place) => `${address} ${port}`;

/** Known places keep their numbers, and come first when there are too many; new ones take the lowest free numbers in the order of their addresses. */
export function nextSlots(
  known: readonly Slot[],
  places: readonly Place[],
  placesMax: number,
): SlotChange {
  // A place that is named twice is one.
  const wanted = new Map(places.map((place) => [keyOf(place), place]));
  const stay = known.flatMap((slot) => {
    const place = wanted.get(keyOf(slot));
    return place === undefined ? [] : [{ slot, next: { ...slot, weight: place.weight } }];
  });
  const left = known.filter((slot) => !wanted.has(keyOf(slot)));
  for (const { slot } of stay) wanted.delete(keyOf(slot));
  const taken = new Set(stay.map(({ slot }) => slot.number));
  const joined: Slot[] = [];
  let number = 1;
  const fresh = [...wanted].toSorted(([one], [other]) => (one < other ? -1 : 1));
  const fitting = fresh.slice(0, Math.max(0, placesMax - stay.length));
  for (const [, place] of fitting) {
    while (taken.has(number)) number += 1;
    taken.add(number);
    joined.push({ ...place, number });
  }
  return {
    slots: [...stay.map(({ next }) => next), ...joined].toSorted(
      (one, other) => one.number - other.number,
    ),
    joined,
    weighed: stay.flatMap(({ slot, next }) => (slot.weight === next.weight ? [] : [next])),
    left,
    beyond: fresh.length - fitting.length,
  };
}
