/** A server that only holds connections, the least that one can cost: `<port>`. */

import { createServer } from "node:net";
import "../support/garbage.ts";

createServer((socket) => {
  socket.on("error", () => {});
  socket.on("data", () => socket.write("."));
}).listen({ port: Number(process.argv[2]), host: "127.0.0.1", backlog: 1024 });
