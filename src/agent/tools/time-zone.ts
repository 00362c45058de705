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

/** The zone of a place or of an IANA name in any case, such as `tokyo`; undefined when unknown. */
export function zoneOf(place: string): string | undefined {
  const wanted = place.toLowerCase().replaceAll(" ", "_");
  return (
    places.get(place.toLowerCase()) ??
    Intl.supportedValuesOf("timeZone").find((zone) => {
      const name = zone.toLowerCase();
      return name === wanted || name.endsWith(`/${wanted}`);
    }) ??
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
