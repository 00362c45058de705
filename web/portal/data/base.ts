/** Where the portal is reached: known at run time, so that any path in front of it works. */

/** Path of the portal with its last slash, such as `/gateway/portal/`. */
export const portalPath = new URL(document.baseURI).pathname;

/** Address of the gateway's services, as the portal calls them. */
export const servicesUrl = new URL("rpc", document.baseURI).href;

/** Address of the gateway itself, for what others paste; without its last slash. */
export const gatewayUrl = new URL("..", document.baseURI).href.replace(/\/$/, "");

/** No form and no link of another site can send it: whoever does is this page. */
export const portalHeader = { "x-polygate-portal": "1" };
