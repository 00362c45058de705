import { describe, expect, test } from "vitest";
import { type ProxyField, trustedProxies } from "#exchange/trusted-proxies.ts";

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

describe("what trusted proxies tell", () => {
  const told = (
    fields: Readonly<Record<string, string>>,
    { socket = "10.0.0.1", trusted }: { socket?: string; trusted?: readonly ProxyField[] } = {},
  ) => trustedProxies(proxies, trusted).clientOf(socket, (name) => fields[name]);

  test.each([
    {
      name: "Forwarded, as RFC 7239 has it",
      fields: { forwarded: 'for=9.9.9.9, for="[2001:db9::5]:4711";proto=https;host=a.example' },
      client: { address: "2001:db9::5", isHttps: true, host: "a.example" },
    },
    {
      name: "Forwarded through two proxies: the one that met the client is asked",
      fields: {
        forwarded: "for=198.51.100.1;proto=https;host=a.example, for=192.0.2.7;proto=http",
      },
      client: { address: "198.51.100.1", isHttps: true, host: "a.example" },
    },
    {
      name: "Forwarded that hides the client",
      fields: { forwarded: "for=198.51.100.1, for=_hidden;proto=https" },
      client: { address: "10.0.0.1", isHttps: true, host: undefined },
    },
    {
      name: "Forwarded that is malformed",
      fields: { forwarded: "for=198.51.100.1;proto=https;" },
      client: { address: "10.0.0.1", isHttps: false, host: undefined },
    },
    {
      name: "X-Real-IP",
      fields: { "x-real-ip": "198.51.100.1", "x-forwarded-proto": "https" },
      client: { address: "198.51.100.1", isHttps: true, host: undefined },
    },
    {
      name: "scheme and host without an address",
      fields: { "x-forwarded-proto": "HTTPS", "x-forwarded-host": "a.example:8443" },
      client: { address: "10.0.0.1", isHttps: true, host: "a.example:8443" },
    },
    {
      name: "a host that is none",
      fields: { "x-forwarded-host": "a.example/evil" },
      client: { address: "10.0.0.1", isHttps: false, host: undefined },
    },
    {
      name: "what a client wrote to the left of a proxy's word",
      fields: {
        "x-forwarded-for": "9.9.9.9, 198.51.100.1",
        "x-forwarded-proto": "https, http",
        "x-forwarded-host": "evil.example, a.example",
      },
      client: { address: "198.51.100.1", isHttps: false, host: "a.example" },
    },
    {
      name: "X-Forwarded-For before the others",
      fields: {
        "x-real-ip": "9.9.9.9",
        forwarded: "for=8.8.8.8",
        "x-forwarded-for": "198.51.100.1",
      },
      client: { address: "198.51.100.1", isHttps: false, host: undefined },
    },
  ])("$name", ({ fields, client }) => expect(told(fields)).toEqual(client));

  test("a field that the settings do not name is not read", () => {
    const fields = {
      "x-forwarded-for": "9.9.9.9",
      "x-forwarded-proto": "https",
      forwarded: "for=198.51.100.1",
    };
    const client = told(fields, { trusted: ["forwarded"] });
    expect(client).toEqual({ address: "198.51.100.1", isHttps: false, host: undefined });
  });

  test("strangers tell nothing", () => {
    const fields = {
      forwarded: "for=9.9.9.9;proto=https;host=evil.example",
      "x-real-ip": "9.9.9.9",
      "x-forwarded-for": "9.9.9.9",
      "x-forwarded-proto": "https",
      "x-forwarded-host": "evil.example",
    };
    const client = told(fields, { socket: "198.51.100.1" });
    expect(client).toEqual({ address: "198.51.100.1", isHttps: false, host: undefined });
  });
});
