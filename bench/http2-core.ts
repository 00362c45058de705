/** CPU and memory of the HTTP/2 core alone: a client and a server in memory, small unary calls. */

import { getHeapStatistics } from "node:v8";
import { ByteBudget, bufferBytesMaxDefault } from "#core/byte-budget.ts";
import { Connection } from "#http2/connection.ts";
import type { ConnectionHandler } from "#http2/connection-handler.ts";
import { defaultLimits } from "#http2/limits.ts";
import { SlabPool } from "#http2/output.ts";
import { Stream } from "#http2/stream.ts";

const callsPerTurn = 16;
const rounds = 7;
const turnsPerRound = 4_000;
const outputBytes = 128 * 1024;

const request = Buffer.alloc(106, 1);
const answer = Buffer.alloc(47, 2);
const head = {
  method: "POST",
  scheme: "http",
  authority: "127.0.0.1:8080",
  path: "/polygate.v1.ChatService/Chat",
};
const requestFields = [
  ["content-type", "application/grpc"],
  ["te", "trailers"],
  ["user-agent", "bench/1.0"],
] as const;
const answerFields = [["content-type", "application/grpc"]] as const;
const trailers = [["grpc-status", "0"]] as const;

const slabs = new SlabPool();
const buffers = new ByteBudget(bufferBytesMaxDefault);
const nothing = () => {};
const quiet = {
  createStream: (id: number) => new Stream(id),
  onHead: nothing,
  onData: () => false,
  onEnd: nothing,
  onRefusedHead: nothing,
  onClose: nothing,
  onWritable: nothing,
  onRefusal: nothing,
  onSettings: nothing,
  onGoaway: nothing,
  onOutput: nothing,
} satisfies ConnectionHandler<Stream>;

let answered = 0;
const shared = {
  limits: defaultLimits,
  slabs,
  buffers,
  nowMs: 0,
};
const server: Connection<Stream> = new Connection({
  ...shared,
  role: "server",
  handler: {
    ...quiet,
    onEnd(stream) {
      server.respond(stream, 200, answerFields, false);
      server.data(stream, answer, false);
      server.trailers(stream, trailers);
    },
  },
});
const client: Connection<Stream> = new Connection({
  ...shared,
  role: "client",
  handler: {
    ...quiet,
    onEnd() {
      answered += 1;
    },
  },
});

/** Carries output both ways until neither side has more. */
function exchange(): void {
  while (client.hasOutput || server.hasOutput) {
    for (const bytes of client.takeOutput(outputBytes)) server.receive(bytes, 0);
    for (const bytes of server.takeOutput(outputBytes)) client.receive(bytes, 0);
  }
}

function turn(): void {
  for (let call = 0; call < callsPerTurn; call += 1) {
    const stream = client.openStream(head, requestFields, false);
    client.data(stream, request, true);
  }
  exchange();
}

exchange();
const microseconds: number[] = [];
const bytes: number[] = [];
for (let round = 0; round < rounds; round += 1) {
  const allocatedBefore = getHeapStatistics().total_allocated_bytes;
  const cpuBefore = process.cpuUsage();
  for (let index = 0; index < turnsPerRound; index += 1) turn();
  const cpu = process.cpuUsage(cpuBefore);
  const calls = turnsPerRound * callsPerTurn;
  microseconds.push((cpu.user + cpu.system) / calls);
  bytes.push((getHeapStatistics().total_allocated_bytes - allocatedBefore) / calls);
}
const median = (values: number[]) => values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0;
if (answered !== rounds * turnsPerRound * callsPerTurn) throw new Error("calls were lost");
console.log(
  `client and server core together: ${median(microseconds).toFixed(2)} µs CPU a call (median of ${rounds})`,
);
console.log(`allocated on the heap: ${median(bytes).toFixed(0)} bytes a call`);
