/** From what people call a place to its IANA time zone. */

/** Places that have no zone of their own name. */
const places: ReadonlyMap<string, string> = new Map([
  ["utc", "UTC"],
  ["gmt", "UTC"],
  ["barcelona", "Europe/Madrid"],
  ["beijing", "Asia/Shanghai"],
  ["boston", "America/New_York"],
  ["delhi", "Asia/Kolkata"],
  ["frankfurt", "Europe/Berlin"],
  ["geneva", "Europe/Zurich"],
  ["germany", "Europe/Berlin"],
  ["india", "Asia/Kolkata"],
  ["japan", "Asia/Tokyo"],
  ["kathmandu", "Asia/Kathmandu"],
  ["kolkata", "Asia/Kolkata"],
  ["milan", "Europe/Rome"],
  ["mumbai", "Asia/Kolkata"],
  ["munich", "Europe/Berlin"],
  ["san francisco", "America/Los_Angeles"],
  ["seattle", "America/Los_Angeles"],
  ["washington", "America/New_York"],
]);

/** Each zone by its name and by the place at the name's end, in small letters; the first one wins. */
let zonesByName: ReadonlyMap<string, string> | undefined;

function zonesOfNames(): ReadonlyMap<string, string> {
  if (zonesByName !== undefined) return zonesByName;
  const zones = new Map<string, string>();
  for (const zone of Intl.supportedValuesOf("timeZone")) {
    const words = zone.toLowerCase().split("/");
    for (let from = words.length - 1; from >= 0; from -= 1) {
      const name = words.slice(from).join("/");
      if (!zones.has(name)) zones.set(name, zone);
    }
  }
  zonesByName = zones;
  return zones;
}

/** The zone of a place or of an IANA name in any case, such as `tokyo`; undefined when unknown. */
export function zoneOf(place: string): string | undefined {
  const wanted = place.toLowerCase().replaceAll(" ", "_");
  return (
    places.get(place.toLowerCase()) ??
    zonesOfNames().get(wanted) ??
    (wanted.includes("/") ? renamedZone(wanted) : undefined)
  );
}

/** A full name that the list of zones has under an older one, such as Asia/Kolkata. */
function renamedZone(name: string): string | undefined {
  try {
    return new Intl.DateTimeFormat("en", { timeZone: name }).resolvedOptions().timeZone;
  } catch {
    return undefined;
  }
}
