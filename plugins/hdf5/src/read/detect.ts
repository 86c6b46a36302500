import type { Source } from "@hilum/core";

const SIGNATURE = Buffer.of(0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a);
/** Where a superblock may lie behind a user block (HDF5 File Format Specification, II.A); more is not looked at. */
const PLACES = [0, 512, 1024, 2048];

/** Whether a source is an HDF5 file: one regular file with a superblock's signature. */
export function detectHdf5(source: Source): boolean {
  const [file] = source.files;
  if (source.kind !== "file" || file === undefined) return false;
  const bytes = new Uint8Array(SIGNATURE.length);
  const found = PLACES.some(
    (place) => place + bytes.length <= file.size && file.read(bytes, place) === bytes.length && SIGNATURE.equals(bytes),
  );
  file.close();
  return found;
}
