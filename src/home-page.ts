/** `/` and the icon: what the gateway is, as JSON for programs and as a page for people. */

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import type { DescService } from "@bufbuild/protobuf";
import { packageFile } from "#core/package-file.ts";
import type { Page, PageResponse, Pages } from "#entry/pages.ts";
import { FixedBody } from "#exchange/fixed-body.ts";
import { preferredOf } from "#http/media-type.ts";

/** What the page lists for one listener. */
export interface HomeFacts {
  readonly version: string;
  readonly services: readonly DescService[];
  /** Surfaces that it serves. */
  readonly serves: readonly string[];
  /** Absent: metrics are not served here. */
  readonly metricsPath: string | undefined;
  /** Whether calls should be sent here. */
  readonly isReady: () => boolean;
  /** Whether people are sent to the portal. */
  readonly hasPortal: () => boolean;
}

const rpcProtocols = ["grpc", "grpc-web", "connect"];

/** What each protocol is called by people. */
const protocolNames: Readonly<Record<string, string>> = {
  grpc: "gRPC",
  "grpc-web": "gRPC-Web",
  connect: "Connect",
  rest: "REST with JSON",
};

function protocolsOf({ serves }: HomeFacts): readonly string[] {
  return [
    ...(serves.includes("rpc") ? rpcProtocols : []),
    ...(serves.includes("rest") ? ["rest"] : []),
  ];
}

function asJson(facts: HomeFacts): string {
  const { version, services, metricsPath } = facts;
  return JSON.stringify({
    name: "polygate",
    version,
    services: services.map(({ typeName }) => typeName),
    protocols: protocolsOf(facts),
    health: "/healthz",
    metrics: metricsPath,
    docs: "/docs",
    openapi: "/openapi.json",
  });
}

const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
};

/** Text as HTML, also between quotes. */
function escaped(text: string): string {
  return text.replace(/[&<>"]/g, (character) => entities[character] ?? "");
}

function linksOf({ metricsPath }: HomeFacts) {
  return [
    ["/docs", "Documentation", "every call, to read and to try"],
    ["/openapi.json", "OpenAPI", "the same for tools"],
    ["/health", "Health", "of the gateway and its backends"],
    ...(metricsPath === undefined ? [] : [[metricsPath, "Metrics", "for Prometheus"]]),
  ];
}

function asHtml(facts: HomeFacts, style: string): string {
  const { version, services, isReady } = facts;
  const links = linksOf(facts).map(
    ([path = "", name = "", what = ""]) =>
      `<a href="${escaped(path)}"><b>${escaped(name)}</b><span>${escaped(what)}</span></a>`,
  );
  const protocols = protocolsOf(facts).map((name) => protocolNames[name] ?? name);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Polygate ${escaped(version)}</title>
<link rel="icon" href="/favicon.svg" type="image/svg+xml">
<style>${style}</style>
</head>
<body>
<main>
<header>
<img src="/favicon.svg" alt="" width="44" height="44">
<h1>Polygate <small>${escaped(version)}</small></h1>
<span class="state${isReady() ? " ready" : ""}">${isReady() ? "ready" : "not ready"}</span>
</header>
<p>One port in front of every AI backend.</p>
<nav aria-label="Pages">
${links.join("\n")}
</nav>
<dl>
<dt>Speaks</dt><dd>${protocols.map(escaped).join(", ")}</dd>
<dt>Serves</dt><dd>${services.map(({ name }) => escaped(name)).join(", ")}</dd>
</dl>
</main>
</body>
</html>
`;
}

/** The style that the page carries with it, and the policy that allows it and nothing else. */
function readStyle() {
  const style = readFileSync(packageFile("web/home/home.css"), "utf8");
  const digest = createHash("sha256").update(style).digest("base64");
  const policy = [
    "default-src 'none'",
    `style-src 'sha256-${digest}'`,
    "img-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join("; ");
  return { style, policy };
}

const types = ["application/json", "text/html"] as const;

function homePage(facts: HomeFacts): Page {
  let read: ReturnType<typeof readStyle> | undefined;
  return (request) => {
    const headers = { vary: "accept" };
    if (preferredOf(request.header("accept"), types) !== "text/html") {
      return { status: 200, contentType: "application/json", body: asJson(facts), headers };
    }
    if (facts.hasPortal()) {
      // Relative: a proxy may have a prefix before the path.
      const location = { ...headers, location: "portal/" };
      return { status: 307, contentType: "text/plain", body: "", headers: location };
    }
    read ??= readStyle();
    return {
      status: 200,
      contentType: "text/html; charset=utf-8",
      body: asHtml(facts, read.style),
      headers: {
        ...headers,
        "content-security-policy": read.policy,
      },
    };
  };
}

/** An icon, which browsers ask for again and again. */
function icon(name: string, contentType: string): Page {
  let page: PageResponse | undefined;
  return () => {
    page ??= {
      status: 200,
      contentType,
      body: new FixedBody(readFileSync(packageFile(`web/home/${name}`))),
      headers: { "cache-control": "public, max-age=86400" },
    };
    return page;
  };
}

/** `/` and the icon. */
export function homePages(facts: HomeFacts): Pages {
  return {
    "/": homePage(facts),
    "/favicon.ico": icon("favicon.ico", "image/x-icon"),
    "/favicon.svg": icon("favicon.svg", "image/svg+xml"),
  };
}
