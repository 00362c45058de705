/** Which addresses count as one client: an IPv4 address, and the 64 bits of IPv6 that one line is given. Pure. */

const mappedPrefix = "::ffff:";
/** Groups of 16 bits that name a network. */
const networkGroups = 4;

/** The groups of half an IPv6 address. */
function groupsOf(half: string): string[] {
  return half === "" ? [] : half.split(":");
}

/** A name for all addresses that one client can have besides `address`; the same text for each of them. */
export function networkOf(address: string): string {
  const lower = address.toLowerCase();
  if (lower.startsWith(mappedPrefix) && lower.includes(".")) {
    return lower.slice(mappedPrefix.length);
  }
  if (!lower.includes(":")) return lower;
  const [head = "", tail = ""] = (lower.split("%")[0] ?? "").split("::");
  const before = groupsOf(head);
  const after = groupsOf(tail);
  const zeros = Math.max(0, 8 - before.length - after.length);
  const groups = [...before, ...Array<string>(zeros).fill("0"), ...after];
  const network = groups.slice(0, networkGroups).map((group) => group.replace(/^0+(?=.)/, ""));
  return `${network.join(":")}::/64`;
}
