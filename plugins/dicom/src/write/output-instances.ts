import type { Frame, SourceFile, Vec3 } from "@hilum/core";
import type { DicomInstance } from "../series/dicom-instance.ts";

/** A frame to be written, and the frame of the template that it takes the place of. */
export interface OutputFrame {
  /** Its row in the frames of the series. */
  readonly row: number;
  readonly template: DicomInstance;
  /** Image Position (Patient) as the template has it, mm. */
  readonly imagePosition: Vec3;
}

/** An instance to be written: a file with the header of a template instance and its frames, in order of Frame Number. */
export interface OutputInstance {
  /** Says phase and slice of its first frame in the order of the series (from 1) and nothing of any tag: a file can never be called after a patient. */
  readonly name: string;
  readonly frames: readonly [OutputFrame, ...OutputFrame[]];
}

/**
 * The instances that a series becomes, in order of their first frames: one for each of the template that has frames in it. Each
 * tile of a mosaic becomes an instance of its own.
 * @param rows the frames to be written.
 */
export function outputInstances(frames: readonly Frame[], rows: readonly OutputFrame[]): readonly OutputInstance[] {
  const byFile = new Map<SourceFile | OutputFrame, [OutputFrame, ...OutputFrame[]]>();
  for (const frame of rows) {
    const key = frame.template.region === undefined ? frame.template.file : frame;
    const known = byFile.get(key);
    if (known === undefined) byFile.set(key, [frame]);
    else known.push(frame);
  }
  return [...byFile.values()].map((ofFile) => ({
    name: fileName(frames[ofFile[0].row] as Frame),
    frames: ofFile.sort((a, b) => a.template.frameNumber - b.template.frameNumber) as [OutputFrame, ...OutputFrame[]],
  }));
}

function fileName({ phase, slice }: Frame): string {
  return `IM-${`${phase + 1}`.padStart(2, "0")}-${`${slice + 1}`.padStart(4, "0")}.dcm`;
}
