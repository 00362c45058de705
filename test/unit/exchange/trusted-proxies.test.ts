import { expect, test } from "vitest";
import { trustedProxies } from "#exchange/trusted-proxies.ts";

const proxies = ["10.0.0.0/8", "2001:db8::/32", "192.0.2.7"];
const rows = [
  {
    name: "without a proxy it is the socket's",
    socket: "198.51.100.1",
    forwarded: undefined,
    client: "198.51.100.1",
  },
  {
    name: "a stranger's header is not believed",
    socket: "198.51.100.1",
    forwarded: "1.1.1.1",
    client: "198.51.100.1",
  },
  {
    name: "a trusted proxy's last entry is the client",
    socket: "10.0.0.1",
    forwarded: "9.9.9.9, 198.51.100.1",
    client: "198.51.100.1",
  },
  {
    name: "a chain of trusted proxies is followed to its end",
    socket: "10.0.0.1",
    forwarded: "198.51.100.1, 192.0.2.7, 10.1.1.1",
    client: "198.51.100.1",
  },
  {
    name: "when every hop is trusted it is the first",
    socket: "10.0.0.1",
    forwarded: "10.0.0.9",
    client: "10.0.0.9",
  },
  {
    name: "an IPv4 socket on an IPv6 listener is plain IPv4",
    socket: "::ffff:198.51.100.1",
    forwarded: undefined,
    client: "198.51.100.1",
  },
  {
    name: "so is a mapped address that a proxy wrote, in whatever text",
    socket: "10.0.0.1",
    forwarded: "::FFFF:c633:6401, 0:0:0:0:0:ffff:192.0.2.7",
    client: "198.51.100.1",
  },
  {
    name: "an IPv6 address has one text, whatever a proxy wrote",
    socket: "10.0.0.1",
    forwarded: "2001:DB9:0:0::0005",
    client: "2001:db9::5",
  },
  {
    name: "IPv6 blocks count",
    socket: "2001:db8::1",
    forwarded: "2001:db9::5",
    client: "2001:db9::5",
  },
  {
    name: "a port behind the address is passed over",
    socket: "10.0.0.1",
    forwarded: "198.51.100.1:5678, 192.0.2.7:80",
    client: "198.51.100.1",
  },
  {
    name: "so it is behind an IPv6 address, whose brackets go",
    socket: "10.0.0.1",
    forwarded: "[2001:db9::5]:5678, [2001:db8::2]",
    client: "2001:db9::5",
  },
  {
    name: "an entry that is no address ends the search",
    socket: "10.0.0.1",
    forwarded: "198.51.100.1, unknown",
    client: "10.0.0.1",
  },
  {
    name: "an empty header leaves the proxy's own address",
    socket: "10.0.0.1",
    forwarded: "",
    client: "10.0.0.1",
  },
];
for (const { name, socket, forwarded, client } of rows) {
  test(name, () => {
    const header = (field: string) => (field === "x-forwarded-for" ? forwarded : undefined);
    expect(trustedProxies(proxies).clientOf(socket, header).address).toBe(client);
  });
}

test("an IPv4 socket on an IPv6 listener is plain IPv4 where no proxy is trusted", () => {
  const { address } = trustedProxies([]).clientOf("::ffff:198.51.100.1", () => "1.1.1.1");
  expect(address).toBe("198.51.100.1");
});
