/** The metrics of uploads, whose files have no name that an operator could see. */

import type { Makers } from "#observability/metric-makers.ts";

/** Registers the metrics of this room. */
export function uploadFamilies({ gauge }: Pick<Makers, "gauge">) {
  return {
    uploadFiles: gauge("gateway_upload_files", "Uploads that are kept or still coming.", []),
    uploadBytes: gauge("gateway_upload_bytes", "Bytes of them on the disk.", []),
  };
}
