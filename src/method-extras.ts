/** What the options of polygate.v1 say of a method to REST: a field that asks for a stream, and one that takes uploads. */

import { type DescMethod, getOption, hasOption } from "@bufbuild/protobuf";
import { stream_switch, upload } from "#gen/polygate/v1/options_pb.js";
import type { MethodExtras } from "#rest/method-extras.ts";

/** The extras of a method of the public API; none for those of others. */
export function methodExtras(method: DescMethod): MethodExtras {
  return {
    ...(hasOption(method, stream_switch) && { streamSwitch: getOption(method, stream_switch) }),
    ...(hasOption(method, upload) && { upload: getOption(method, upload) }),
  };
}
