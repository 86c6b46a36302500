import type { LinearMap } from "@hilum/core";
import type { DicomInstance } from "../series/dicom-instance.ts";

import { fittedFormEdits } from "./fitted-form-edits.ts";
import { fullRangeForm, realRangeOf, realWorldForm } from "./fitted-form.ts";
import type { ElementEdit } from "./splice.ts";
import type { StoredForm } from "./stored-form.ts";
import type { TemplateFile } from "./template-file.ts";
import type { DicomWriteOptions } from "./write-options.ts";
import { PET_IMAGE_STORAGE } from "./written-classes.ts";

/** Gives each slice a stored form that fits its own range; loaded only where a policy asks for it. */
export interface Fitting {
  form(instance: DicomInstance, voxels: Float32Array, toReal: LinearMap, mask: Uint8Array | undefined): StoredForm;
  edits(template: TemplateFile, form: StoredForm, masked: boolean): ElementEdit[];
}

/** How slices are fitted under a policy. */
export function fittingFor(policy: Exclude<DicomWriteOptions["rescale"], "template-range" | "float">): Fitting {
  return {
    form(instance, voxels, toReal, mask) {
      const range = realRangeOf(voxels, toReal, mask);
      return policy === "mr-rwvm" ? realWorldForm(range) : fullRangeForm(range, instance.sopClassUID === PET_IMAGE_STORAGE);
    },
    edits: fittedFormEdits,
  };
}
