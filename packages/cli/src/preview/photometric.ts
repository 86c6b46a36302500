import { HilumError, type ImageSeries } from "@hilum/core";

/** Photometric Interpretation (0028,0004), where the series says it. */
function photometricOf({ assembly }: ImageSeries): string | undefined {
  if (typeof assembly !== "object" || assembly === null || Array.isArray(assembly)) return undefined;
  const value = (assembly as { readonly photometricInterpretation?: unknown }).photometricInterpretation;
  return typeof value === "string" ? value : undefined;
}

/** Refuses what no picture shows. @throws {HilumError} UNSUPPORTED_VOXEL_FORMAT. */
export function checkPicturable(series: ImageSeries): void {
  const { samplesPerVoxel } = series.volume.voxel;
  if (samplesPerVoxel !== 1 && samplesPerVoxel !== 3)
    throw new HilumError("UNSUPPORTED_VOXEL_FORMAT", `A voxel of ${samplesPerVoxel} samples cannot be shown in a picture.`, { remedy: "Leave --preview out." });
  // Its voxels are places in a table of colours, which is not here: as greys they would be a wrong image.
  if (photometricOf(series) === "PALETTE COLOR")
    throw new HilumError("UNSUPPORTED_VOXEL_FORMAT", "The colours of a palette cannot be shown in a picture.", { remedy: "Leave --preview out." });
}

/** Whether the smallest value is white. */
export function whiteIsLow(series: ImageSeries): boolean {
  return photometricOf(series) === "MONOCHROME1";
}

/** Turns voxels of luminance and two colour differences into red, green and blue, in place (PS3.3 C.7.6.3.1.2); others stay. */
export function toRgb(series: ImageSeries, values: Float32Array): void {
  const photometric = photometricOf(series);
  if (photometric !== "YBR_FULL" && photometric !== "YBR_FULL_422") return;
  const centre = series.volume.voxel.componentType === "uint8" ? 128 : 32768;
  for (let n = 0; n + 2 < values.length; n += 3) {
    const [y, blue, red] = [values[n] as number, (values[n + 1] as number) - centre, (values[n + 2] as number) - centre];
    values[n] = y + 1.402 * red;
    values[n + 1] = y - 0.344136 * blue - 0.714136 * red;
    values[n + 2] = y + 1.772 * blue;
  }
}
