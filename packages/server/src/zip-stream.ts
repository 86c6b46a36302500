import type { Readable } from "node:stream";
import { ZipFile } from "yazl";
import type { Result } from "./result-files.ts";

/**
 * Packs a result into one stream, a file at a time. Voxels hardly shrink and compressing them would keep a processor busy,
 * so they are stored.
 * @param time of every entry.
 */
export function zipStream({ files, open }: Result, time: Date): Readable {
  const zip = new ZipFile();
  const { outputStream } = zip;
  let current: Readable | undefined;
  zip.on("error", (error) => outputStream.destroy(error));
  // Whoever stops reading leaves a file open, which the packer never closes.
  outputStream.once("close", () => current?.destroy());
  for (const { name, bytes } of files)
    zip.addReadStreamLazy(name, { mtime: time, mode: 0o100600, compress: false, size: bytes }, (done) => {
      try {
        current = open(name).stream;
        done(null, current);
      } catch (error) {
        done(error as Error);
      }
    });
  zip.end();
  return outputStream;
}
