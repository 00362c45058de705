/** Every attack, in the order in which they run. */

import type { Attack } from "./attack.ts";
import { formAttacks } from "./attacks/forms.ts";
import { http1Connections } from "./attacks/http1-connections.ts";
import { http2Bodies } from "./attacks/http2-bodies.ts";
import { http2Readers } from "./attacks/http2-readers.ts";
import { imageAttacks } from "./attacks/images.ts";
import { messages } from "./attacks/messages.ts";
import { pageAttacks } from "./attacks/pages.ts";
import { streams } from "./attacks/streams.ts";
import { tensorAttacks } from "./attacks/tensors.ts";
import { webSockets } from "./attacks/websockets.ts";

/** Their names are unique. */
export const attacks: readonly Attack[] = [
  ...http2Bodies,
  ...http2Readers,
  ...http1Connections,
  ...messages,
  ...tensorAttacks,
  ...formAttacks,
  ...streams,
  ...webSockets,
  ...pageAttacks,
  ...imageAttacks,
];
