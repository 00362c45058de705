/** Cases of h2spec that may fail at the gateway's own port, and the sentence of RFC 9113 that permits it. */

/** The stream was answered and reset with NO_ERROR before the frame came that the case is about. */
const resetBefore = `§5.1: "An endpoint that sends a RST_STREAM frame on a stream that is in the "open" or "half-closed (local)" state could receive any type of frame. [...] An endpoint MUST minimally process and then discard any frames it receives in this state."`;

/** Where a port serves HTTP/1.1 too, what does not begin with the preface is for HTTP/1.1 to refuse. */
const notHttp2 = `§3.4: "A GOAWAY frame (Section 6.8) MAY be omitted in this case, since an invalid preface indicates that the peer is not using HTTP/2."`;

/** Sentences by case: section and title of h2spec, whose numbers are those of RFC 7540. */
export const permitted: ReadonlyMap<string, string> = new Map([
  ["http2/3.5: Sends invalid connection preface", notHttp2],
  ...[
    "http2/5.1: closed: Sends a DATA frame after sending RST_STREAM frame",
    "http2/5.1: closed: Sends a HEADERS frame after sending RST_STREAM frame",
    "http2/6.9: Sends a WINDOW_UPDATE frame with a flow control window increment of 0 on a stream",
    "http2/6.9.1: Sends multiple WINDOW_UPDATE frames increasing the flow control window to above 2^31-1 on a stream",
    "http2/8.1: Sends a second HEADERS frame without the END_STREAM flag",
    "http2/8.1.2.1: Sends a HEADERS frame that contains a pseudo-header field as trailers",
    'http2/8.1.2.6: Sends a HEADERS frame with the "content-length" header field which does not equal the DATA frame payload length',
    'http2/8.1.2.6: Sends a HEADERS frame with the "content-length" header field which does not equal the sum of the multiple DATA frames payload length',
  ].map((name) => [name, resetBefore] as const),
]);
