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
  import("#cli/main.ts");
}
