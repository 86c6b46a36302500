import { HilumError, isHilumError, type SourceFile } from "@hilum/core";
import type { Dataset, File, Module } from "h5wasm";

type H5Module = typeof Module;

/**
 * An open HDF5 file. Every method throws MALFORMED_FILE where the file breaks the format's rules or lacks what is asked for.
 * Paths are absolute inside the file.
 */
export interface Hdf5File {
  has(path: string): boolean;
  /** The names in a group, in no particular order. */
  names(path: string): readonly string[];
  /** Lengths of a dataset's dimensions. */
  shape(path: string): readonly number[];
  /** The element type of a dataset, as a letter of Python's struct: "f", "d", "B", "i" …; "S" for strings. */
  elementType(path: string): string;
  /** Whether a dataset has filters (compression). */
  compressed(path: string): boolean;
  /** All numbers of a dataset of at most a million. */
  numbers(path: string): Float64Array;
  /** All strings of a dataset. */
  strings(path: string): readonly string[];
  /** A text attribute; undefined where there is none. */
  attribute(path: string, name: string): string | undefined;
  /**
   * Reads a block of a dataset and calls `use` with its bytes, which are valid during the call only.
   * @param offset first index of each dimension
   * @param count how many of each dimension
   */
  block(path: string, offset: readonly number[], count: readonly number[], use: (bytes: Uint8Array) => void): void;
  close(): void;
}

/** A node of Emscripten's file system, as far as it is used here. */
interface FileNode {
  usedBytes: number;
  stream_ops: object;
}

interface FileSystem {
  create(path: string, mode: number): FileNode;
  unlink(path: string): void;
}

const MOST_OBJECTS = 100_000;
const MOST_NUMBERS = 10_000_000;
/** Deflate, shuffle, Fletcher32: what the library does by itself. */
const KNOWN_FILTERS: ReadonlySet<number> = new Set([1, 2, 3]);
/** The library holds a whole chunk in its heap, which is at most 2 GiB. */
const MOST_CHUNK_BYTES = 2 ** 29;
const MOST_ATTRIBUTE_BYTES = 1 << 20;
/** Deflate cannot shrink data more than this. */
const MOST_COMPRESSION = 1032;

let opened = 0;

/**
 * Opens an HDF5 file through h5wasm's browser build, whose file system is in memory and holds nothing but this one file,
 * served by `source.read`: external links and external storage of a crafted file have nothing to point at. They are
 * refused all the same, as are virtual datasets (which would read as zeros), user-defined links and unknown filters.
 * @throws {HilumError} MALFORMED_FILE
 */
export async function openHdf5(source: SourceFile): Promise<Hdf5File> {
  // Loading it costs 0.1 s, which nobody should pay who reads no HDF5.
  const h5wasm = await import("h5wasm");
  const module = await h5wasm.ready;
  // Without this a failed read gives whatever was in memory, e.g. another patient's voxels.
  module.activate_throwing_error_handler();
  const files = module.FS as unknown as FileSystem;

  opened += 1;
  const path = `/input-${opened}.h5`;
  const node = files.create(path, 0o444);
  serve(node, source);
  let file: File;
  try {
    file = guarded(() => new h5wasm.File(path, "r"));
    guarded(() => refuseForeignStorage(module, file, source.size));
  } catch (error) {
    files.unlink(path);
    throw error;
  }
  return hdf5File(module, h5wasm.Dataset, file, () => files.unlink(path));
}

/** Lets a file of the in-memory file system read from a source. */
function serve(node: FileNode, source: SourceFile): void {
  Object.defineProperty(node, "usedBytes", { get: () => source.size });
  node.stream_ops = {
    ...node.stream_ops,
    read: (_stream: unknown, heap: Int8Array, offset: number, length: number, position: number) =>
      source.read(new Uint8Array(heap.buffer, heap.byteOffset + offset, length), position),
  };
}

/** Looks at every object of the file once. */
function refuseForeignStorage(module: H5Module, file: File, fileBytes: number): void {
  const names = module.get_names(file.file_id, "/", true);
  if (names.length > MOST_OBJECTS) throw malformed("The HDF5 file has too many objects.", { objects: names.length, most: MOST_OBJECTS });
  for (const name of names) {
    const path = `/${name}`;
    const type = module.get_type(file.file_id, path);
    if (type === module.H5G_UDLINK) throw malformed("The HDF5 file has an external or user-defined link, which is refused.");
    if (type !== module.H5G_DATASET) continue;
    const { virtual_sources: virtual, total_size: elements, size, chunks } = module.get_dataset_metadata(file.file_id, path);
    if (virtual !== undefined) throw malformed("The HDF5 file has a virtual dataset, which is refused.");
    if (elements * size > fileBytes * MOST_COMPRESSION)
      throw malformed("A dataset of the HDF5 file claims more elements than the file can hold.", { elements });
    const chunkBytes = (chunks ?? []).reduce((product, length) => product * length, size);
    if (chunkBytes > MOST_CHUNK_BYTES) throw malformed("A chunk of the HDF5 file is too large.", { bytes: chunkBytes, most: MOST_CHUNK_BYTES });
    if (module.get_dataset_filters(file.file_id, path).some(({ id }) => !KNOWN_FILTERS.has(id)))
      throw new HilumError("UNSUPPORTED_VOXEL_FORMAT", "A dataset of the HDF5 file uses a filter that is not known here.", {
        remedy: "Repack the file with gzip (h5repack -f GZIP=4).",
      });
  }
}

function hdf5File(module: H5Module, datasetClass: typeof Dataset, file: File, unlink: () => void): Hdf5File {
  const id = file.file_id;
  const paths = new Set(module.get_names(id, "/", true).map((name) => `/${name}`));
  let scratch = { pointer: 0, bytes: 0 };

  function dataset(path: string): Dataset {
    if (!paths.has(path)) throw malformed("The HDF5 file lacks a dataset of its layout.", { dataset: path });
    return new datasetClass(id, path);
  }

  function room(bytes: number): number {
    if (bytes > scratch.bytes) {
      if (scratch.pointer !== 0) module._free(scratch.pointer);
      scratch = { pointer: module._malloc(bytes), bytes };
      if (scratch.pointer === 0) {
        scratch = { pointer: 0, bytes: 0 };
        throw malformed("A slice of the HDF5 file is too large for memory.", { bytes });
      }
    }
    return scratch.pointer;
  }

  return {
    has: (path) => paths.has(path),
    names: (path) => guarded(() => module.get_names(id, path, false)),
    shape: (path) => guarded(() => dataset(path).shape ?? []),
    elementType: (path) =>
      guarded(() => {
        const { dtype } = dataset(path);
        return typeof dtype === "string" ? dtype.replace(/^[<>]/, "").slice(0, 1) : "";
      }),
    compressed: (path) => guarded(() => dataset(path).filters.length > 0),
    numbers: (path) =>
      guarded(() => {
        const found = dataset(path);
        if (found.metadata.total_size > MOST_NUMBERS) throw malformed("A table of the HDF5 file is too long.", { dataset: path });
        const { value } = found;
        if (typeof value === "number") return Float64Array.of(value);
        if (ArrayBuffer.isView(value)) return Float64Array.from(value as unknown as ArrayLike<number | bigint>, Number);
        throw malformed("A dataset of the HDF5 file does not hold numbers.", { dataset: path });
      }),
    strings: (path) =>
      guarded(() => {
        const found = dataset(path);
        if (found.metadata.total_size > MOST_NUMBERS) throw malformed("A table of the HDF5 file is too long.", { dataset: path });
        const { value } = found;
        const list = Array.isArray(value) ? value : [value];
        if (!list.every((item) => typeof item === "string"))
          throw malformed("A dataset of the HDF5 file does not hold text.", { dataset: path });
        return list;
      }),
    attribute: (path, name) =>
      guarded(() => {
        if (!module.get_attribute_names(id, path).includes(name)) return undefined;
        const { total_size: elements, size } = module.get_attribute_metadata(id, path, name);
        if (elements * size > MOST_ATTRIBUTE_BYTES) throw malformed("An attribute of the HDF5 file is too long.", { attribute: name });
        const value = new datasetClass(id, path).get_attribute(name, false);
        return typeof value === "string" ? value : undefined;
      }),
    block(path, offset, count, use) {
      guarded(() => {
        const bytes = dataset(path).metadata.size * count.reduce((product, length) => product * length, 1);
        const pointer = room(bytes);
        const status = module.get_dataset_data(id, path, count.map(BigInt), offset.map(BigInt), count.map(() => 1n), BigInt(pointer));
        if (status < 0) throw malformed("A slice of the HDF5 file cannot be read.");
        // Reading may have grown the heap, so its view is taken afterwards.
        use(module.HEAPU8.subarray(pointer, pointer + bytes));
      });
    },
    close() {
      if (scratch.pointer !== 0) module._free(scratch.pointer);
      scratch = { pointer: 0, bytes: 0 };
      guarded(() => {
        if (file.close() !== 0) throw malformed("The HDF5 file cannot be closed.");
      });
      unlink();
    },
  };
}

/** Runs `work`; what the library throws becomes MALFORMED_FILE with the name of the function that failed, and nothing more. */
function guarded<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (isHilumError(error)) throw error;
    // The library's own text names files, so it is not passed on.
    const where = String(error).match(/in (H5\w+)\(\)/g)?.at(-1)?.slice(3, -2);
    throw malformed("The HDF5 library cannot read the file.", where === undefined ? {} : { in: where });
  }
}

/** An error that blames the file. Details hold counts and names of the layout's own datasets only. */
export function malformed(message: string, details: Readonly<Record<string, string | number>> = {}): HilumError {
  return new HilumError("MALFORMED_FILE", message, { details });
}
