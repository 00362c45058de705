/**
 * The transcoder: time of routing and binding alone, and a JSON unary call against bare node:http
 * that does the same JSON work: `node -C source bench/rest.ts`.
 */

import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { create, fromJson } from "@bufbuild/protobuf";
import { HttpRuleSchema } from "#gen/google/api/http_pb.js";
import { ChatService } from "#gen/polygate/v1/chat_pb.js";
import { ModelsService } from "#gen/polygate/v1/models_pb.js";
import { StatsService } from "#gen/polygate/v1/stats_pb.js";
import { FieldIndex } from "#rest/field-path.ts";
import { FieldWriter } from "#rest/field-writer.ts";
import { ParameterBinder } from "#rest/parameters.ts";
import { Router } from "#rest/router.ts";
import { transcode } from "#rest/transcode.ts";

const rounds = 7;
const requestsPerRound = 8_000;
const connections = 16;

function median(values: readonly number[]): number {
  return [...values].sort((one, other) => one - other)[Math.floor(values.length / 2)] ?? 0;
}

/** Microseconds of matching a path with three variables and binding them and four parameters. */
function bindingMicroseconds(): number {
  const rule = fromJson(HttpRuleSchema, {
    selector: "polygate.v1.ChatService.Chat",
    get: "/v1/{message}/with/{context}/on/{session_id}:chat",
  });
  const index = new FieldIndex();
  const router = new Router([ChatService, ModelsService, StatsService], [rule], index);
  const binder = new ParameterBinder(index, []);
  const query = "use_tools=true&max_tokens=100&temperature=0.5&model_preference=a%20b";
  const once = () => {
    const found = router.find("GET", "/v1/what%20is%20it/with/nothing/on/s-17:chat");
    if (!found?.ok) throw new Error("no route");
    const { input } = found.route.method;
    const writer = new FieldWriter(create(input), input);
    binder.path(found.route, found.captures, writer);
    binder.query(found.route, query, writer);
  };
  const times: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const startMs = performance.now();
    for (let count = 0; count < 20_000; count++) once();
    times.push(((performance.now() - startMs) * 1000) / 20_000);
  }
  return median(times);
}

const message = { message: "what is 12*7?", use_tools: true, session_id: "abc" };

function answerTo(text: string) {
  return {
    response: text,
    model_used: "bench",
    usage: { prompt_tokens: 3, completion_tokens: 4, total_tokens: 7 },
    cost: 0,
    tools_called: [],
    processing_time_ms: 1,
    tool_calls: [],
    finish_reason: "stop",
  };
}

const bare = createServer((request, response) => {
  const pieces: Buffer[] = [];
  request.on("data", (piece: Buffer) => pieces.push(piece));
  request.on("end", () => {
    const body = JSON.parse(Buffer.concat(pieces).toString());
    const bytes = Buffer.from(JSON.stringify(answerTo(body.message)));
    response.setHeader("content-type", "application/json");
    response.setHeader("content-length", bytes.length);
    response.end(bytes);
  });
});

const rest = createServer(
  transcode((router) =>
    router.service(ChatService, {
      chat: ({ message: text }) => ({
        response: text,
        modelUsed: "bench",
        usage: { promptTokens: 3, completionTokens: 4, totalTokens: 7 },
        processingTimeMs: 1,
        finishReason: "stop",
      }),
    }),
  ).request,
);

async function listen(server: Server): Promise<number> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

/** Sends requests one after another on each connection; in a process of its own. */
async function load(port: number): Promise<void> {
  const body = JSON.stringify(message);
  const request =
    "POST /api/v1/chat HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n" +
    `accept: */*\r\nuser-agent: bench\r\ncontent-length: ${body.length}\r\n\r\n${body}`;
  let left = requestsPerRound;
  const run = async () => {
    const socket = connect(port, "127.0.0.1");
    await once(socket, "connect");
    while (left > 0) {
      left -= 1;
      socket.write(request);
      let text = "";
      do text += (await once(socket, "data"))[0];
      while (!text.endsWith("}"));
      if (!text.startsWith("HTTP/1.1 200")) throw new Error(text);
    }
    socket.destroy();
  };
  await Promise.all(Array.from({ length: connections }, run));
}

interface Round {
  readonly perSecond: number;
  readonly cpuMicroseconds: number;
}

async function measure(loader: ChildProcess, port: number): Promise<Round> {
  const cpu = process.cpuUsage();
  const startMs = performance.now();
  loader.send(port);
  await once(loader, "message");
  const spent = process.cpuUsage(cpu);
  return {
    perSecond: (requestsPerRound * 1000) / (performance.now() - startMs),
    cpuMicroseconds: (spent.user + spent.system) / requestsPerRound,
  };
}

async function compare(): Promise<void> {
  const loader = fork(import.meta.filename, ["load"], { execArgv: ["-C", "source"] });
  const [barePort, restPort] = [await listen(bare), await listen(rest)];
  const results = { bare: [] as Round[], rest: [] as Round[] };
  for (let round = -2; round < rounds; round++) {
    const [one, other] = [await measure(loader, barePort), await measure(loader, restPort)];
    if (round < 0) continue;
    results.bare.push(one);
    results.rest.push(other);
  }
  loader.disconnect();
  bare.close();
  rest.close();
  const of = (name: keyof typeof results, key: keyof Round) =>
    median(results[name].map((round) => round[key]));
  for (const name of ["bare", "rest"] as const) {
    const cpu = of(name, "cpuMicroseconds").toFixed(1);
    console.log(`${name}: ${of(name, "perSecond").toFixed(0)} requests/s, ${cpu} µs of CPU each`);
  }
  const byRate = of("rest", "perSecond") / of("bare", "perSecond");
  const byCpu = of("bare", "cpuMicroseconds") / of("rest", "cpuMicroseconds");
  console.log(`rest to bare: ${byRate.toFixed(2)} by requests/s, ${byCpu.toFixed(2)} by CPU`);
}

if (process.argv[2] === "load") {
  process.on("message", (port: number) => {
    void load(port).then(() => process.send?.("done"));
  });
} else {
  console.log(
    `routing and binding, 3 variables and 4 parameters: ${bindingMicroseconds().toFixed(2)} µs`,
  );
  await compare();
}
