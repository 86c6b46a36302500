/** One regular file of a source. Reading is by place, so that nobody has to hold a whole file. */
export interface SourceFile {
  /** Path relative to the source, "/"-separated. May name a patient: never put it in a message, log or output. */
  readonly name: string;
  /** Size in bytes when the source was listed. */
  readonly size: number;
  /**
   * Reads up to `into.length` bytes from `position` (bytes from the start).
   * @returns how many bytes were read; fewer than asked only at the end of the file.
   */
  read(into: Uint8Array, position: number): number;
  /** Lets go of the operating system's handle; a later read opens the file again. */
  close(): void;
}

/** What a codec reads from: one file, or the regular files under a directory (links are not followed). */
export interface Source {
  readonly kind: "file" | "directory";
  /** Absolute path, for libraries that open files by themselves. Never put it in an output. */
  readonly path: string;
  /** The file itself, or every regular file below the directory, in the order of names. */
  readonly files: readonly SourceFile[];
  /** What was found under the directory and is no regular file (links, FIFOs, devices), counted. */
  readonly skippedEntries: number;
}
