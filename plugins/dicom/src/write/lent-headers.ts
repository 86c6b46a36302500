import { HilumError, type SeriesSpec } from "@hilum/core";
import { asDicomSeries, type DicomSeries } from "../series/dicom-instance.ts";
import { groupIntoStacks } from "../series/grouping.ts";
import type { ImageHeader } from "../series/image-header.ts";

/**
 * A series that has nothing but headers: those of another's frames, in its order. A frame lies where its header says, so that
 * the two can be compared.
 * @param headers one for each frame; undefined where there is none. Frames that were made of nothing stay without.
 * @throws {HilumError} TEMPLATE_MISMATCH where they are of several series; MIXED_SERIES where of several patients.
 */
export function lentHeaders(series: SeriesSpec, headers: readonly (ImageHeader | undefined)[]): DicomSeries {
  const instances = headers.filter((header) => header !== undefined);
  const [stack, ...others] = groupIntoStacks(instances);
  const first = stack?.[0];
  if (first === undefined || others.length > 0)
    throw new HilumError("TEMPLATE_MISMATCH", `The headers of the template are of ${others.length + 1} series that differ in size, orientation or class.`, { details: { series: others.length + 1 } });
  const { geometry } = series.volume;
  return asDicomSeries({
    metadata: series.metadata,
    volume: {
      ...series.volume,
      geometry: {
        ...geometry,
        size: [first.size[0], first.size[1], geometry.size[2]],
        spacing: [first.spacing[0], first.spacing[1], geometry.spacing[2]],
        direction: [first.rowDirection, first.columnDirection, geometry.direction[2]],
      },
    },
    phaseKey: series.phaseKey,
    phases: series.phases,
    frames: series.frames.flatMap((frame, index) => {
      const header = headers[index];
      if (header === undefined) return frame.derivedFrom.length === 0 ? [frame] : [];
      // An image that says nothing of its place lies wherever its series was put.
      return [header.placedBy === "none" ? frame : { ...frame, imagePosition: header.imagePosition }];
    }),
    history: [],
    instances,
    attributes: (selection) => series.attributes(selection),
    read() {
      throw new TypeError("headers that are lent have no voxels");
    },
    async [Symbol.asyncDispose]() {
      for (const { file } of instances) file.close();
    },
  });
}
