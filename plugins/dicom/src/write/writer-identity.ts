/** Who wrote a file, for Contributing Equipment, Derivation Description and the file meta information. */
export const WRITER = Object.freeze({
  manufacturer: "Hilum",
  model: "Hilum DICOM writer",
  version: "0.1.0",
  program: "@hilum/plugin-dicom 0.1.0",
  /** Implementation Class UID (0002,0012): made once, the same for every version. */
  implementationClassUID: "2.25.7621714384838955278104782060642267085",
  /** Implementation Version Name (0002,0013), at most 16 characters. */
  implementationVersionName: "HILUM_0_1",
});
