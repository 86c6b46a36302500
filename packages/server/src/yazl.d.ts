// The package brings no types; this is the part of it that is used.
declare module "yazl" {
  import type { Readable } from "node:stream";

  export class ZipFile {
    readonly outputStream: Readable;
    addReadStreamLazy(
      metadataPath: string,
      options: { readonly mtime: Date; readonly mode: number; readonly compress: boolean; readonly size: number },
      open: (done: (error: Error | null, stream?: Readable) => void) => void,
    ): void;
    on(event: "error", listener: (error: Error) => void): this;
    end(): void;
  }
}
