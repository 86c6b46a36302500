import { IDENTITY_MAP, indexToPatient, type Frame, type ProcessingStep, type SeriesSpec, type VolumeSpec } from "@hilum/core";

/** The series as it is after a step that changes neither the number of slices nor their order. */
export function seriesAfter(series: SeriesSpec, volume: VolumeSpec, step: ProcessingStep, frameAfter: (frame: Frame) => Frame): SeriesSpec {
  const moved = volume.geometry !== series.volume.geometry;
  return {
    ...specOf(series),
    volume,
    frames: series.frames.map((frame) => {
      const changed = frameAfter(frame);
      return moved ? { ...changed, imagePosition: indexToPatient(volume.geometry, [0, 0, frame.slice]) } : changed;
    }),
    history: [...series.history, step],
  };
}

/** A frame whose voxels a step has mapped, where `input = output · scale + offset`. */
export function frameWithMap(frame: Frame, map: { readonly scale: number; readonly offset: number }): Frame {
  const { scale, offset } = frame.toReal;
  return { ...frame, toReal: { scale: map.scale * scale, offset: map.offset * scale + offset } };
}

/** A frame whose voxels are real values again. */
export function frameInReal(frame: Frame): Frame {
  return { ...frame, toReal: IDENTITY_MAP };
}

/** A series without its voxels; methods of the object behind it go along. */
export function specOf(series: SeriesSpec): SeriesSpec {
  return {
    metadata: series.metadata,
    volume: series.volume,
    phaseKey: series.phaseKey,
    phases: series.phases,
    frames: series.frames,
    history: series.history,
    attributes: (selection) => series.attributes(selection),
  };
}
