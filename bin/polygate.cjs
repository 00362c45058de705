#!/usr/bin/env node
/** The command's entry: says in plain words when Node is too old. Old Nodes must be able to parse it. */
"use strict";

var needed = require("../package.json").engines.node.replace(/^>=/, "");
var least = needed.split(".").map(Number);
var here = process.versions.node.split(".").map(Number);

if (here[0] < least[0] || (here[0] === least[0] && here[1] < least[1])) {
  process.stderr.write("polygate needs Node >= " + needed + ", this is " + process.versions.node + "\n");
  process.exitCode = 1;
} else {
  import("#cli/main.ts").catch(function (error) {
    if (error.code !== "ERR_MODULE_NOT_FOUND" || !/dist.cli.main\.js/.test(error.message)) throw error;
    process.stderr.write("polygate is not built here: run npm run build, or npm start to run its source\n");
    process.exitCode = 1;
  });
}
