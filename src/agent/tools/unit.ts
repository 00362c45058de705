/** Names that people write for units, and the library's name of each. */

/** Library name first, then what people write for it; a plural in -s needs no entry. */
const spellings: readonly (readonly string[])[] = [
  ["kilometer", "km", "kilometre"],
  ["meter", "m", "metre"],
  ["centimeter", "cm", "centimetre"],
  ["millimeter", "mm", "millimetre"],
  ["mile", "mi"],
  ["yard", "yd"],
  ["foot", "ft", "feet"],
  ["inch", "in", "inches"],
  ["kilogram", "kg", "kilo"],
  ["gram", "g"],
  ["milligram", "mg"],
  ["lbm", "lb", "pound"],
  ["ounce", "oz"],
  ["stone"],
  ["ton"],
  ["tonne"],
  ["celsius", "C", "°C", "centigrade"],
  ["fahrenheit", "F", "°F"],
  ["kelvin", "K"],
  ["liter", "l", "L", "litre"],
  ["milliliter", "ml", "mL", "millilitre"],
  ["gallon", "gal"],
  ["quart"],
  ["pint"],
  ["cup"],
  ["teaspoon", "tsp"],
  ["tablespoon", "tbsp"],
  ["second", "s", "sec"],
  ["minute", "min"],
  ["hour", "h", "hr"],
  ["day"],
  ["week"],
  ["month"],
  ["year"],
  ["mile/hour", "mph", "miles/hour", "mi/h"],
  ["kilometer/hour", "kph", "kmh", "km/h", "kilometers/hour", "kilometres/hour"],
  ["meter/second", "m/s", "meters/second", "metres/second"],
  ["hectare", "ha"],
  ["acre"],
  ["joule", "J"],
  ["watt", "W"],
  ["pascal", "Pa"],
  ["bar"],
  ["psi"],
  ["degree", "deg"],
  ["radian", "rad"],
  ["byte", "B"],
  ["kilobyte", "kB", "KB"],
  ["megabyte", "MB"],
  ["gigabyte", "GB"],
  ["terabyte", "TB"],
];

const libraryNames: ReadonlyMap<string, string> = new Map(
  spellings.flatMap((names) => names.map((name) => [name, names[0] ?? name] as const)),
);

/** The library's name of a unit in common use; undefined for any other word. */
export function commonUnit(written: string): string | undefined {
  const lower = written.toLowerCase();
  return (
    libraryNames.get(written) ??
    libraryNames.get(lower) ??
    (lower.endsWith("s") ? libraryNames.get(lower.slice(0, -1)) : undefined)
  );
}
