/** Cases of h2spec that may fail at the gateway's own port, and the sentence of RFC 9113 that permits it. */

/** The response was out before the frame came that the case is about: what is wrong with the request is told to nobody any more. */
const answeredBefore = `§8.1.1: "For malformed requests, a server MAY send an HTTP response prior to closing or resetting the stream."`;

/** Where a port serves HTTP/1.1 too, what does not begin with the preface is for HTTP/1.1 to refuse. */
const notHttp2 = `§3.4: "A GOAWAY frame (Section 6.8) MAY be omitted in this case, since an invalid preface indicates that the peer is not using HTTP/2."`;

/** Sentences by case: section and title of h2spec, whose numbers are those of RFC 7540. */
export const permitted: ReadonlyMap<string, string> = new Map([
  ["http2/3.5: Sends invalid connection preface", notHttp2],
  ...[
    'http2/8.1.2.6: Sends a HEADERS frame with the "content-length" header field which does not equal the DATA frame payload length',
    'http2/8.1.2.6: Sends a HEADERS frame with the "content-length" header field which does not equal the sum of the multiple DATA frames payload length',
  ].map((name) => [name, answeredBefore] as const),
]);
