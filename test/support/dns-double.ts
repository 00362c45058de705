/** A name server on a real UDP port of the loopback that speaks DNS (RFC 1035, 2782, 3596), well or not. */

import { createSocket } from "node:dgram";
import { once } from "node:events";

/** What the server says of a name: kinds that are absent have no records. */
export interface DnsRecords {
  readonly A?: readonly string[];
  /** Written in full: eight groups. */
  readonly AAAA?: readonly string[];
  readonly SRV?: readonly {
    readonly priority?: number;
    readonly weight?: number;
    readonly port: number;
    readonly target: string;
  }[];
  /** Seconds; 0 when absent. */
  readonly ttl?: number;
  /** Kinds of records that it fails for (SERVFAIL). */
  readonly fails?: readonly Kind[];
}

type Kind = "A" | "AAAA" | "SRV";

/** A running server. */
export interface DnsDouble extends AsyncDisposable {
  /** As name servers are configured. */
  readonly address: string;
  /** By name in lower case; a name that is not there does not exist. */
  readonly zone: Map<string, DnsRecords>;
  /** `failing` says that it cannot, `silent` says nothing. */
  mood: "well" | "failing" | "silent";
  /** Questions so far, such as `A vllm.test`. */
  readonly asked: string[];
}

const kinds: Readonly<Record<number, Kind>> = { 1: "A", 28: "AAAA", 33: "SRV" };
const codes = { well: 0, failing: 2, unknownName: 3 } as const;

const u16 = (value: number) => Buffer.from([value >> 8, value & 0xff]);

function encodedName(name: string): Buffer {
  const labels = name.split(".").filter((label) => label !== "");
  return Buffer.concat([
    ...labels.flatMap((label) => [Buffer.from([label.length]), Buffer.from(label)]),
    Buffer.from([0]),
  ]);
}

function dataOf(kind: Kind, records: DnsRecords): Buffer[] {
  switch (kind) {
    case "A":
      return (records.A ?? []).map((address) => Buffer.from(address.split(".").map(Number)));
    case "AAAA":
      return (records.AAAA ?? []).map((address) =>
        Buffer.concat(address.split(":").map((group) => u16(Number.parseInt(group, 16)))),
      );
    case "SRV":
      return (records.SRV ?? []).map(({ priority = 0, weight = 0, port, target }) =>
        Buffer.concat([u16(priority), u16(weight), u16(port), encodedName(target)]),
      );
  }
}

/** The one question of a query: its name, its kind, and its bytes. */
function questionOf(query: Buffer) {
  const labels: string[] = [];
  let at = 12;
  for (let length = query[at] ?? 0; length > 0; length = query[at] ?? 0) {
    labels.push(query.toString("latin1", at + 1, at + 1 + length));
    at += 1 + length;
  }
  const kind = kinds[query.readUInt16BE(at + 1)];
  return { name: labels.join(".").toLowerCase(), kind, bytes: query.subarray(12, at + 5) };
}

/** Starts a server that knows no name yet. */
export async function startDns(): Promise<DnsDouble> {
  const socket = createSocket("udp4");
  const double: Omit<DnsDouble, "address" | typeof Symbol.asyncDispose> = {
    zone: new Map(),
    mood: "well",
    asked: [],
  };
  socket.on("message", (query, from) => {
    const { name, kind, bytes } = questionOf(query);
    double.asked.push(`${kind} ${name}`);
    if (double.mood === "silent") return;
    const known = double.zone.get(name);
    const isFailing = double.mood === "failing" || (kind && known?.fails?.includes(kind));
    const code = isFailing ? codes.failing : known ? codes.well : codes.unknownName;
    const data = known === undefined || kind === undefined || isFailing ? [] : dataOf(kind, known);
    const ttl = Buffer.alloc(4);
    ttl.writeUInt32BE(known?.ttl ?? 0);
    // A response, authoritative, to a query that may recurse.
    const head = [
      query.subarray(0, 2),
      u16(0x8580 | code),
      u16(1),
      u16(data.length),
      u16(0),
      u16(0),
    ];
    const answers = data.map((record) =>
      // The name is that of the question, at byte 12; its kind and class are the question's last bytes.
      Buffer.concat([u16(0xc00c), bytes.subarray(-4), ttl, u16(record.length), record]),
    );
    socket.send(Buffer.concat([...head, bytes, ...answers]), from.port, from.address);
  });
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  return Object.assign(double, {
    address: `127.0.0.1:${socket.address().port}`,
    async [Symbol.asyncDispose]() {
      const closed = once(socket, "close");
      socket.close();
      await closed;
    },
  });
}
