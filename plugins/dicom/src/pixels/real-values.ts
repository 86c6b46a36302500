import { HilumError, type LinearMap } from "@hilum/core";
import type { DicomInstance, ModalityTable } from "../series/dicom-instance.ts";
import type { StoredSamples } from "./unpack.ts";

/**
 * Turns stored values into real values, by Modality LUT Sequence or stored · slope + intercept, in double and rounded once to
 * float32; marks the voxels of the padding range. Colours have no padding, and stay in their own colour space; of a palette, the
 * indices are the values.
 * @throws {HilumError} NON_FINITE_VOXELS where a float image holds what is no finite float32, padding or not: it would spread to every
 * neighbour that is computed from it, and no mask of ours stops that.
 */
export function toRealValues(stored: StoredSamples, frame: Pick<DicomInstance, "modalityLut" | "modalityTable" | "paddingRange" | "pixel">, voxels: Float32Array, mask: Uint8Array | undefined): void {
  const { modalityLut, modalityTable, paddingRange, pixel } = frame;
  if (modalityTable === undefined) byLinearMap(stored, modalityLut, voxels);
  else byTable(stored, modalityTable, voxels);
  if (pixel.float) checkFinite(voxels);
  if (mask === undefined) return;
  if (paddingRange === undefined || pixel.samplesPerPixel > 1) mask.fill(0);
  else {
    const [first, last] = paddingRange;
    for (let i = 0; i < mask.length; i++) mask[i] = (stored[i] as number) >= first && (stored[i] as number) <= last ? 1 : 0;
  }
}

function byLinearMap(stored: StoredSamples, { scale, offset }: LinearMap, voxels: Float32Array): void {
  for (let i = 0; i < voxels.length; i++) voxels[i] = (stored[i] as number) * scale + offset;
}

function byTable(stored: StoredSamples, { firstMapped, values }: ModalityTable, voxels: Float32Array): void {
  const last = values.length - 1;
  for (let i = 0; i < voxels.length; i++) voxels[i] = values[Math.min(Math.max((stored[i] as number) - firstMapped, 0), last)] as number;
}

function checkFinite(voxels: Float32Array): void {
  const at = voxels.findIndex((value) => !Number.isFinite(value));
  if (at < 0) return;
  throw new HilumError("NON_FINITE_VOXELS", "Float Pixel Data hold NaN, infinity or a number that float32 does not.", {
    details: { voxel: at },
    remedy: "Replace what is not finite in the file by a value that stands for no data.",
  });
}
