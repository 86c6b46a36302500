/** One element in the DICOM JSON model (PS3.18 F.2.2). DS and IS values are strings, so that their text survives. */
export interface DicomJsonElement {
  readonly vr: string;
  readonly Value?: readonly unknown[];
  readonly InlineBinary?: string;
}

/** A data set in the DICOM JSON model: keys are tags as eight upper-case hexadecimal digits, e.g. "0008103E". */
export type DicomJson = Readonly<Record<string, DicomJsonElement>>;

/** Which attributes somebody asks for: all of them, or these tags ("GGGGEEEE", upper case). */
export type TagSelection = "all" | ReadonlySet<string>;

/** The attributes of a series: what all frames share, and for each frame (in frame order) what differs. */
export interface SeriesAttributes {
  readonly shared: DicomJson;
  readonly perFrame: readonly DicomJson[];
}
