/** What this project does differently from the recorded cases, and why; how cases map to test methods. */

import { fault } from "#errors/fault.ts";

interface OtherRule {
  /** What replaces parts of the recorded expectation. */
  readonly expect: object;
  readonly why: string;
}

const zeroSegments = "** matches zero segments, as the grammar says";
const colonStays = "a colon is part of the segment unless that route has the verb";
const methodNotAllowed = "a known path with another method is 405, not 404 or 501";
const slashStays = "in a variable of several segments %2F stays byte for byte, all else is decoded";
const colonIsVerb = "a colon in a template begins the verb; a literal one is written %3A";
const boundTwice = "a query parameter may not name what the path or the body fills";
const splitFirst = "paths are split before they are decoded";

/** Rules that differ, by case. */
export const otherRules: Readonly<Record<string, OtherRule>> = {
  v007: { expect: { status: 200, vars: { "thing.id": "123", cat: "" } }, why: zeroSegments },
  v017: { expect: { status: 200 }, why: zeroSegments },
  v021: { expect: { vars: { "thing.id": "/", cat: "*/%2f" } }, why: slashStays },
  v055: { expect: { vars: { v: "foo%2fbar" } }, why: slashStays },
  v093: {
    expect: { message: { stringValueWrapper: '"hello world"' } },
    why: "a parameter is its text; quotes belong to it",
  },
  v097: { expect: { status: 400 }, why: "null names no value of the enum" },
  v099: {
    expect: { message: { enumList: ["ENUM_VALUE"] } },
    why: "there is no message before the request's own",
  },
  v119: { expect: { status: 200 }, why: "without a body its content type says nothing" },
  v121: { expect: { status: 200 }, why: "the recorded case says only what it is not" },
  v123: { expect: { status: 200 }, why: "the recorded case says only what it is not" },
  v135: { expect: { message: { stringValue: "books/%2F%2F 世界" } }, why: slashStays },
  v143: { expect: { status: 405 }, why: methodNotAllowed },
  v145: { expect: {}, why: "a method is the one of the request line, no header overrides it" },
  v147: { expect: { status: 405 }, why: methodNotAllowed },
  v153: { expect: { status: 404 }, why: "what does not begin with a slash is nobody's path" },
  v157: { expect: { status: 200 }, why: splitFirst },
  v159: { expect: { status: 404 }, why: splitFirst },
  v161: { expect: { status: 200 }, why: "a segment is decoded once" },
  v205: { expect: { vars: { id: "test%2Fbar" } }, why: slashStays },
  v207: { expect: { template_valid: false }, why: "a verb is not empty" },
  v209: { expect: { template_valid: false }, why: colonIsVerb },
  v251: { expect: { status: 400 }, why: boundTwice },
  v253: { expect: { status: 400 }, why: boundTwice },
  v257: { expect: { status: 400 }, why: "a body that no rule takes is refused, not dropped" },
  v269: {
    expect: { body: "Hello 1Hello 2" },
    why: "nothing is put between the pieces of a download",
  },
  v351: { expect: { status: 200, vars: { id: "jason:other" } }, why: colonStays },
  v393: { expect: { status: 405 }, why: methodNotAllowed },
  v437: { expect: { variables: [["b", 1, -2]] }, why: "the verb is no segment to count" },
  v439: { expect: { message: { A: { x: "a" } } }, why: "the path wins over the body" },
  v457: { expect: { status: 400 }, why: boundTwice },
  v459: { expect: { status: 400 }, why: boundTwice },
  v461: { expect: { status: 400 }, why: boundTwice },
  v463: { expect: { status: 400 }, why: boundTwice },
  v473: { expect: { status: 400 }, why: boundTwice },
  v485: {
    expect: {
      body:
        '{"id":"1","title":"Reamde","author":"Neal Stephenson"}\n' +
        '{"id":"2","title":"A Game of Thrones","author":"George R.R. Martin"}\n',
    },
    why: "fields in the order of the message, and every line ends",
  },
  v501: { expect: { vars: { arg: "%2f#/ %23" } }, why: slashStays },
  v503: { expect: { vars: { arg: "%2f#/ %23" } }, why: slashStays },
  v505: { expect: { status: 200, vars: { arg: "random:verb" } }, why: colonStays },
};

/** Accept fields for cases whose project chose the format of a stream by configuration. */
export const acceptFields: Readonly<Record<string, string>> = {
  v483: "application/json",
  v485: "application/x-ndjson",
};

/** Cases that say nothing about a transcoder of this kind, by case. */
export const skipped: Readonly<Record<string, string>> = {
  v125: "about a Connect GET; the RPC handlers answer those paths",
  v127: "about a gRPC request; the RPC handlers answer those paths",
  v129: "about a Connect request; the RPC handlers answer those paths",
  v281: "request header fields reach the call under their own names",
  v283: "request header fields reach the call under their own names",
  v305: "the error body has a shape of its own; tested below",
  v499: "answers have no greatest size; back-pressure bounds what is held",
};

const page = (contentType: string, text: string) => ({ contentType, data: btoa(text) });
const books = [
  { id: "1", author: "Neal Stephenson", title: "Reamde" },
  { id: "2", author: "George R.R. Martin", title: "A Game of Thrones" },
];

/** What the handler answers, as JSON, a list for a stream, or an error, by case. */
export const answers: Readonly<Record<string, object>> = {
  v113: { checkouts: ["1"] },
  v115: page("text/html", "<html>hello</html>"),
  v117: [{ file: page("text/plain", "hello ") }, { file: page("text/x-other", "world") }],
  v265: { responseBodyValue: "foo" },
  v269: [page("text/plain", "Hello 1"), page("text/plain", "Hello 2")],
  v467: {
    shelves: [
      { id: "20", theme: "Children" },
      { id: "1", theme: "Foo" },
    ],
  },
  v469: [page("text/html", "<h1>Hello!</h1>"), page("text/plain", "Hello!")],
  v475: fault("MODEL_UNKNOWN", "Shelf 37 Not Found"),
  v483: [],
  v485: books,
  v513: { id: "101", gender: "MALE", lname: "Shakespeare" },
};

/** Cases by the test method that takes their request. */
const casesByRpc: Readonly<Record<string, readonly string[]>> = {
  BindParameterValues: ["vanguard.test.v1.ParameterValues", "v131", "v133", "v135"],
  BindProto3Message: ["grpc.gateway.runtime.internal.examplepb.Proto3Message"],
  BindLibrary: [
    "ListShelvesRequest",
    "CreateBookRequest",
    ...["v109", "v113", "v119", "v121", "v123", "v441"],
  ],
  BindUpdate: ["ABitOfEverything", "v303"],
  BindTimestamp: ["google.protobuf.Timestamp"],
  BindDuration: ["google.protobuf.Duration"],
  BindUint64: ["uint64"],
  BindFloat: ["float"],
  GetPage: ["v115"],
  StreamFile: ["v117"],
  StreamPages: ["v269", "v469"],
  StreamBooks: ["v475", "v483", "v485"],
  BindSimple: ["v255", "v257", "v263", "v265", "v267", "v443", "v467"],
  BindEverything: ["v271", "v273"],
  BindCollision: ["v439"],
  BindWholeShelf: ["v445", "v447", "v449", "v451", "v453", "v455"],
  BindCreateShelf: ["v457", "v463", "v487", "v489", "v493", "v509"],
  BindShelf: ["v459", "v461", "v473", "v477", "v479", "v481", "v497"],
  BindAuthor: ["v465"],
  GetAuthor: ["v513"],
  BindEchoBody: ["v471", "v511"],
  BindEchoStruct: ["v491"],
  BindNothing: ["v507"],
};

/** The test method for a recorded message type, or for a single case. */
export const rpcs: Readonly<Record<string, string>> = Object.fromEntries(
  Object.entries(casesByRpc).flatMap(([rpc, cases]) => cases.map((each) => [each, rpc])),
);
