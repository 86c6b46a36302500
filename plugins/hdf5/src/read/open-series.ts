import { HilumError, type ImageSeries, type LinearMap, type Slab, type Source } from "@hilum/core";
import { LAYOUT_VERSION } from "../version.ts";
import { openHdf5, type Hdf5File } from "./h5wasm-file.ts";
import { MASK, readLayout, VOLUME } from "./read-layout.ts";

/**
 * Opens the series of a file of layout version 1. Slabs hold real values: volume · norm_scale + norm_offset, computed in
 * double and rounded once.
 * @throws {HilumError} UNRECOGNIZED_FORMAT for another layout or an unknown version of ours, MALFORMED_FILE.
 */
export async function openSeries(source: Source): Promise<ImageSeries> {
  const [input] = source.files;
  if (input === undefined) throw new HilumError("SOURCE_NOT_FOUND", "There is no file to read.");
  const file = await openHdf5(input);
  try {
    const schema = file.attribute("/", "hilum_schema");
    if (schema === undefined)
      throw new HilumError("UNRECOGNIZED_FORMAT", "This HDF5 file was not written by Hilum: its root has no attribute hilum_schema.", {
        remedy: "Give an HDF5 file that `hilum convert` has written; other layouts cannot be read yet.",
      });
    if (schema.split(".")[0] !== LAYOUT_VERSION)
      throw new HilumError("UNRECOGNIZED_FORMAT", `This HDF5 file has a layout version that is not known here; known is ${LAYOUT_VERSION}.`, {
        remedy: "Read it with the version of Hilum that wrote it, or a newer one.",
      });
    const { spec, toReal } = readLayout(file);
    const slices = spec.volume.geometry.size[2];
    return {
      ...spec,
      assembly: {
        schema,
        metadata: file.attribute("/entry", "metadata") ?? null,
        compressed: file.compressed(VOLUME),
        phaseKey: spec.phaseKey,
      },
      read: (into) => readSlab(file, into, toReal, slices),
      async [Symbol.asyncDispose]() {
        file.close();
        input.close();
      },
    };
  } catch (error) {
    file.close();
    input.close();
    throw error;
  }
}

function readSlab(file: Hdf5File, into: Slab, toReal: readonly LinearMap[], slices: number): void {
  const [, , ...plane] = file.shape(VOLUME);
  const image = plane.slice(0, 2);
  // Slice by slice, so that the library's heap never holds more than one.
  for (let k = into.start; k < into.start + into.count; k++) {
    const map = toReal[into.phase * slices + k];
    if (map === undefined) throw new RangeError(`no frame at phase ${into.phase}, slice ${k}`);
    const place = [into.phase, k];
    file.block(VOLUME, [...place, ...plane.map(() => 0)], [1, 1, ...plane], (bytes) => {
      toRealValues(new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4), map, into.slice(k));
    });
    const mask = into.sliceMask(k);
    if (mask !== undefined) file.block(MASK, [...place, 0, 0], [1, 1, ...image], (bytes) => mask.set(bytes));
  }
}

function toRealValues(stored: Float32Array, { scale, offset }: LinearMap, real: Float32Array): void {
  if (scale === 1 && offset === 0) {
    real.set(stored);
    return;
  }
  for (let index = 0; index < stored.length; index++) real[index] = (stored[index] as number) * scale + offset;
}
