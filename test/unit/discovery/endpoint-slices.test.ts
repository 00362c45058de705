/** What slices come to: merged, by port and condition, and read with distrust. */

import { expect, test } from "vitest";
import { placesOf, sliceOf, type Wanted } from "#discovery/endpoint-slices.ts";

interface Written {
  readonly name?: string;
  readonly addressType?: string;
  readonly ports?: unknown;
  readonly endpoints?: unknown;
}

const slice = ({ name = "a", addressType = "IPv4", ports, endpoints }: Written) => ({
  metadata: { name },
  addressType,
  ports: ports ?? [{ name: "grpc", port: 50_051, protocol: "TCP" }],
  endpoints,
});
const pod = (address: string, conditions?: object) => ({ addresses: [address], conditions });

function places(written: readonly Written[], wanted: Partial<Wanted> = {}): string[] {
  const slices = written.flatMap((one) => sliceOf(slice(one)) ?? []);
  const all: Wanted = { written: "cores.prod:grpc", port: "grpc", family: "any", ...wanted };
  return placesOf(slices, all).map(({ address, port }) => `${address} ${port}`);
}

test("the slices of one service are merged, each with its own number of the port", () => {
  const moved = [{ name: "grpc", port: 50_052 }];
  expect(
    places([
      { endpoints: [pod("10.0.0.1"), pod("10.0.0.2")] },
      { name: "b", ports: moved, endpoints: [pod("10.0.0.3")] },
    ]),
  ).toEqual(["10.0.0.1 50051", "10.0.0.2 50051", "10.0.0.3 50052"]);
});

test.each([
  ["no condition is told", undefined, true],
  ["ready is unknown", { ready: null }, true],
  ["it is ready", { ready: true, serving: true, terminating: false }, true],
  ["it is not ready", { ready: false, serving: false, terminating: false }, false],
  ["it ends, and still serves", { ready: false, serving: true, terminating: true }, false],
  ["it ends, and serves no more", { ready: false, serving: false, terminating: true }, false],
])("beside one that is ready, an endpoint counts when it does: %s", (_case, conditions, counts) => {
  const found = places([{ endpoints: [pod("10.0.0.1"), pod("10.0.0.2", conditions)] }]);
  expect(found).toHaveLength(counts ? 2 : 1);
});

test("where none is ready, those that end and still serve go on; others do not", () => {
  const endpoints = [
    pod("10.0.0.1", { ready: false, serving: true, terminating: true }),
    pod("10.0.0.2", { ready: false, serving: false, terminating: false }),
    pod("10.0.0.3", { ready: false, terminating: true }),
  ];
  expect(places([{ endpoints }])).toEqual(["10.0.0.1 50051"]);
  expect(places([{ endpoints: endpoints.slice(1) }])).toEqual([]);
});

test("a number is the port of the pods; a service without ports takes any", () => {
  const endpoints = [pod("10.0.0.1")];
  expect(places([{ endpoints }], { port: 50_051 })).toEqual(["10.0.0.1 50051"]);
  expect(places([{ endpoints, ports: [] }], { port: 9 })).toEqual(["10.0.0.1 9"]);
  const ports = [
    { name: "grpc", port: 50_051 },
    { name: "http", port: 8_080 },
  ];
  expect(() => places([{ endpoints, ports }], { port: 80 })).toThrow(
    "no endpoint of cores.prod:grpc has the port 80 of its pods; there are: grpc (50051), http (8080)",
  );
});

test("of both kinds of address one counts: IPv4, or the one that is asked for", () => {
  const both: Written[] = [
    { endpoints: [pod("10.0.0.1")] },
    { name: "b", addressType: "IPv6", endpoints: [pod("2001:db8::1")] },
  ];
  expect(places(both)).toEqual(["10.0.0.1 50051"]);
  expect(places(both, { family: "ipv6" })).toEqual(["2001:db8::1 50051"]);
  expect(places(both.slice(1))).toEqual(["2001:db8::1 50051"]);
  expect(places([{ endpoints: [] }, ...both.slice(1)])).toEqual(["2001:db8::1 50051"]);
});

test("a service without slices is said to be none, one without endpoints has none", () => {
  expect(() => places([])).toThrow("there are no EndpointSlices of cores.prod:grpc");
  expect(places([{ endpoints: [] }])).toEqual([]);
});

test.each([
  undefined,
  null,
  "slice",
  [],
  { metadata: { name: 1 }, addressType: "IPv4" },
  { metadata: { name: "a" }, addressType: "FQDN", endpoints: [pod("evil.test")] },
])("what is no slice of addresses is passed over: %j", (value) => {
  expect(sliceOf(value)).toBeUndefined();
});

test("endpoints and ports that are none are passed over", () => {
  const endpoints = [
    pod("not-an-address"),
    pod("http://169.254.169.254/"),
    { addresses: [] },
    { addresses: "10.0.0.9" },
    null,
    pod("10.0.0.1"),
  ];
  const ports = [
    { name: "grpc", port: 0 },
    { name: "grpc", port: 70_000 },
    { name: "grpc", port: "50051" },
    { name: "grpc", port: 53, protocol: "UDP" },
    { name: "grpc", port: 50_051 },
  ];
  expect(places([{ endpoints, ports }])).toEqual(["10.0.0.1 50051"]);
});
