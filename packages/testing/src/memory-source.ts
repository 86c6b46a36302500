import type { Source, SourceFile } from "@hilum/core";
import type { NamedFile } from "./named-file.ts";

/** How a source in memory presents itself. */
export interface MemorySourceOptions {
  /** Default: a file where one file is given, else a directory. */
  readonly kind?: "file" | "directory";
  /** A path for codecs that open files by themselves; the default does not exist. */
  readonly path?: string;
}

/** A source over bytes in memory, in the order of names, as the host lists a directory. */
export function memorySource(files: readonly NamedFile[], options: MemorySourceOptions = {}): Source {
  const { kind = files.length === 1 ? "file" : "directory", path = "/memory/source" } = options;
  const listed = files.map(memoryFile).toSorted((a, b) => (a.name < b.name ? -1 : 1));
  return { kind, path, files: listed, skippedEntries: 0 };
}

function memoryFile({ name, bytes }: NamedFile): SourceFile {
  return {
    name,
    size: bytes.length,
    read: (into, position) => {
      const part = bytes.subarray(position, position + into.length);
      into.set(part);
      return part.length;
    },
    close: () => undefined,
  };
}
