/** A file being written. */
export interface SinkFile {
  /**
   * Writes all of `bytes` at `position` (bytes from the start). The buffer is free again when the promise resolves.
   * @throws {HilumError} STORAGE_FULL when there is no space, or what the operating system said.
   */
  write(bytes: Uint8Array, position: number): Promise<void>;
  /** Reads back what was written, for verifying. @returns how many bytes were read. */
  read(into: Uint8Array, position: number): number;
  /** Ends the writing; the host fsyncs the file before the output appears. */
  close(): Promise<void>;
}

/** Where a writer writes. Nothing of it is seen until the whole job has succeeded; then all of it appears at once. */
export interface Sink {
  /** The output file, for writers whose `output` is "file"; a file of the output directory otherwise (`name`: a plain name, no folders). */
  file(name?: string): Promise<SinkFile>;
  /** The JSON sidecar, where the caller asked for one. */
  readonly sidecar?: SinkFile;
}
