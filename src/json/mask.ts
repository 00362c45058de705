/** Field masks that are written as text: paths in proto or JSON names, separated by commas. */

/** A path of names, or all fields (AIP-134). */
const path = /^(?:\*|[A-Za-z]\w*(?:\.[A-Za-z]\w*)*)$/;

/** Longest text that is taken apart, in characters. */
const maskCharsMax = 16_384;

/** The proto name of a field. A name with an underscore is one already. */
function protoName(name: string): string {
  if (name.includes("_")) return name;
  return name.replace(/[A-Z]/g, (upper) => `_${upper.toLowerCase()}`);
}

function protoPath(text: string): string {
  return text.split(".").map(protoName).join(".");
}

/** Words for what a mask's text must be. */
export const maskExpectation = `field paths separated by commas, in at most ${maskCharsMax} characters`;

/** The paths of a mask; undefined for a text that is none. */
export function maskPathsFrom(text: string): string[] | undefined {
  if (text === "") return [];
  if (text.length > maskCharsMax) return undefined;
  const paths = text.split(",");
  return paths.every((each) => path.test(each)) ? paths.map(protoPath) : undefined;
}
