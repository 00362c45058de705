/** A collector that takes whatever it is sent and keeps none of it: `<port>`. */

import { createServer } from "node:http";

createServer((request, response) => {
  request.resume();
  request.on("end", () => response.end());
}).listen(Number(process.argv[2]), "127.0.0.1");
