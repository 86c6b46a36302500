import { describeCodec, describeReader, scanInput } from "@hilum/testing/conformance";
import plugin from "./index.ts";

const SCANS = [
  scanInput("MR, one phase", {}),
  scanInput("MR, three phases, breast-like, sagittal", { phases: 3, phaseStyle: "breast-like", size: [6, 5, 7], orientation: "sagittal" }),
  scanInput("CT, oblique, padded, implicit VR, undefined lengths", {
    modality: "CT",
    orientation: "oblique",
    padding: true,
    transferSyntax: "implicit",
    sequenceLength: "undefined",
  }),
  scanInput("PET, a slope per slice", { modality: "PT" }),
  scanInput("signed 12 bit, shuffled", { signed: true, shuffled: true, phases: 2 }),
  scanInput("12 bit with rubbish above, UTF-8 names", { unusedBits: "noise", characterSet: "ISO_IR 192" }),
  scanInput("8 bit, odd number of voxels", { bitsStored: 8, size: [5, 3, 2] }),
];

describeReader({ codec: "dicom", plugins: [plugin], inputs: SCANS });

// Each scan is its own template; the frames of what is written have UIDs of their own.
describeCodec({ codec: "dicom", plugins: [plugin], inputs: SCANS });
