import { createByteBuilder } from "./byte-builder.ts";
import { writeChunkIndex, type ChunkTable } from "./chunk-index.ts";
import { SIZE_OF, writeDatatype, type Hdf5Type } from "./datatype.ts";
import { createGlobalHeap } from "./global-heap.ts";

/** An attribute's value: one string or number, or a list of them. Numbers are stored as float64. */
export type AttributeValue = string | number | readonly string[] | readonly number[];
export type Attributes = Readonly<Record<string, AttributeValue>>;

/** Where the elements of a dataset lie that were not given to the builder. */
export type Storage =
  | { readonly kind: "contiguous"; readonly address: number }
  | { readonly kind: "gzip"; readonly level: number; readonly chunks: ChunkTable };

/** Numbers that the builder can store; the array's type is the dataset's. */
export type Numbers = Float64Array | Int32Array | BigInt64Array | Uint8Array;

/** What a dataset is besides its elements. */
export interface DatasetOptions {
  /** Lengths of its dimensions, slowest first; [] for a scalar. */
  readonly shape: readonly number[];
  readonly attributes?: Attributes;
  /** How many hard links will name it (default 1). */
  readonly links?: number;
}

/**
 * Builds the metadata of an HDF5 file bottom-up, as one buffer that starts at a known address. Superblock 0, version-1
 * object headers, symbol tables: what every HDF5 library since 1998 reads (HDF5 File Format Specification 1.1 and later).
 */
export interface Hdf5Builder {
  /** A dataset of numbers, stored in the buffer. @returns its address. */
  numbers(values: Numbers, options: DatasetOptions): number;
  /** A dataset of variable-length strings. @returns its address. */
  strings(values: readonly string[], options: DatasetOptions & { readonly charset?: "utf8" | "ascii" }): number;
  /** A dataset whose elements lie elsewhere in the file; a gzip one has chunks of whole slices, [1, slices, …]. @returns its address. */
  stored(type: Hdf5Type, storage: Storage, options: DatasetOptions): number;
  /** A group. `links`: names and the addresses of what they name; at most 1024. @returns its address. */
  group(links: Readonly<Record<string, number>>, attributes?: Attributes): number;
  /** Ends the file with its root group. */
  finish(links: Readonly<Record<string, number>>, attributes: Attributes): Hdf5Parts;
}

/** The parts of a file that the builder makes; everything else is element data. */
export interface Hdf5Parts {
  /** The first 96 bytes of the file; written last, so that an interrupted file has no signature. */
  readonly superblock: Uint8Array;
  /** All metadata, to be written at the builder's base address. */
  readonly metadata: Uint8Array;
}

const SIGNATURE = Uint8Array.of(0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a);
/** Half of what a symbol table node holds, and of the children of a group's B-tree node. */
const GROUP_LEAF_K = 16;
const GROUP_INTERNAL_K = 16;
/** Messages of an object header are at most this long. */
const LONGEST_MESSAGE = 0xfff8;
const NO_FREE_BLOCK = 1;

const MESSAGE = { dataspace: 1, datatype: 3, fillValue: 5, layout: 8, filters: 11, attribute: 12, symbolTable: 17 } as const;

/** Starts a file whose metadata will lie at address `base`, a multiple of eight, of the file. */
export function createHdf5Builder(base: number): Hdf5Builder {
  const out = createByteBuilder();
  const heap = createGlobalHeap();
  const address = (): number => base + out.length;

  function dataspace(shape: readonly number[]): void {
    out.u8(1);
    out.u8(shape.length);
    out.u16(0);
    out.u32(0);
    for (const length of shape) out.u64(length);
  }

  function message(type: number, body: () => void): void {
    const start = out.length;
    out.u16(type);
    out.u16(0);
    out.u32(0);
    body();
    out.align();
    const size = out.length - start - 8;
    if (size > LONGEST_MESSAGE) throw new RangeError(`an HDF5 header message of ${size} bytes is too long; write a dataset instead`);
    out.patchU16(size, start + 2);
  }

  function attribute(name: string, value: AttributeValue): void {
    const list = typeof value === "string" || typeof value === "number" ? [value] : value;
    const type: Hdf5Type = typeof list[0] === "string" ? "utf8" : "float64";
    message(MESSAGE.attribute, () => {
      const start = out.length;
      out.u8(1);
      out.u8(0);
      out.u16(name.length + 1);
      out.u32(0);
      out.text(name);
      out.u8(0);
      out.align();
      const datatypeStart = out.length;
      writeDatatype(out, type);
      out.patchU16(out.length - datatypeStart, start + 4);
      out.align();
      const dataspaceStart = out.length;
      dataspace(list === value ? [list.length] : []);
      out.patchU16(out.length - dataspaceStart, start + 6);
      for (const item of list) {
        if (typeof item === "string") heap.reference(out, item);
        else out.f64(item);
      }
    });
  }

  /** An object header; `body` writes its own messages and says how many. */
  function object(links: number, attributes: Attributes, body: () => number): number {
    out.align();
    const start = out.length;
    out.u16(1);
    out.u16(0);
    out.u32(links);
    out.u64(0);
    let messages = body();
    for (const [name, value] of Object.entries(attributes)) {
      attribute(name, value);
      messages += 1;
    }
    out.patchU16(messages, start + 2);
    out.patchU32(out.length - start - 16, start + 8);
    return base + start;
  }

  function stored(type: Hdf5Type, storage: Storage, { shape, attributes = {}, links = 1 }: DatasetOptions): number {
    const elements = shape.reduce((product, length) => product * length, 1);
    const gzip = storage.kind === "gzip" ? storage : undefined;
    out.align();
    const index = gzip && writeChunkIndex(out, base, gzip.chunks, Math.ceil((shape[1] ?? 1) / gzip.chunks.slices), shape.length);
    return object(links, attributes, () => {
      message(MESSAGE.dataspace, () => dataspace(shape));
      message(MESSAGE.datatype, () => writeDatatype(out, type));
      message(MESSAGE.fillValue, () => {
        out.u8(2);
        // When space is allocated: late for contiguous data, piece by piece for chunks.
        out.u8(gzip ? 3 : 2);
        out.u8(2);
        out.u8(1);
        out.u32(0);
      });
      if (gzip) {
        message(MESSAGE.filters, () => {
          out.u8(1);
          out.u8(1);
          out.u16(0);
          out.u32(0);
          // Deflate, without a name, with one parameter.
          out.u16(1);
          out.u16(0);
          out.u16(0);
          out.u16(1);
          out.u32(gzip.level);
          out.u32(0);
        });
      }
      message(MESSAGE.layout, () => {
        out.u8(3);
        if (gzip) {
          out.u8(2);
          out.u8(shape.length + 1);
          out.u64(index ?? 0);
          for (const [axis, length] of shape.entries()) out.u32([1, gzip.chunks.slices][axis] ?? length);
          out.u32(SIZE_OF[type]);
        } else {
          out.u8(1);
          out.u64(storage.kind === "contiguous" ? storage.address : 0);
          out.u64(elements * SIZE_OF[type]);
        }
      });
      return gzip ? 5 : 4;
    });
  }

  function groupWithTables(links: Readonly<Record<string, number>>, attributes: Attributes): { header: number; tree: number; names: number } {
    // Names are ASCII, so the order of UTF-16 units is strcmp's.
    const entries = Object.entries(links).sort(([a], [b]) => (a < b ? -1 : 1));
    const perNode = 2 * GROUP_LEAF_K;
    const nodes = Math.max(1, Math.ceil(entries.length / perNode));
    if (nodes > 2 * GROUP_INTERNAL_K) throw new RangeError(`an HDF5 group of ${entries.length} links is too large`);

    out.align();
    const nameData = address();
    const origin = out.length;
    out.zeros(8);
    const nameOffsets = entries.map(([name]) => {
      const offset = out.length - origin;
      out.text(name);
      out.u8(0);
      out.align();
      return offset;
    });
    const nameBytes = out.length - origin;
    const names = address();
    out.text("HEAP");
    out.u32(0);
    out.u64(nameBytes);
    out.u64(NO_FREE_BLOCK);
    out.u64(nameData);

    const firstNode = address();
    const nodeBytes = 8 + perNode * 40;
    for (let node = 0; node < nodes; node++) {
      const own = entries.slice(node * perNode, (node + 1) * perNode);
      const end = out.length + nodeBytes;
      out.text("SNOD");
      out.u16(1);
      out.u16(own.length);
      for (const [index, [, target]] of own.entries()) {
        out.u64(nameOffsets[node * perNode + index] ?? 0);
        out.u64(target);
        out.zeros(24);
      }
      out.zeros(end - out.length);
    }

    const tree = address();
    const end = out.length + 24 + (4 * GROUP_INTERNAL_K + 1) * 8;
    out.text("TREE");
    out.u16(0);
    out.u16(entries.length === 0 ? 0 : nodes);
    for (let sibling = 0; sibling < 4; sibling++) out.u32(0xffffffff);
    out.u64(0);
    for (let node = 0; node < nodes && entries.length > 0; node++) {
      out.u64(firstNode + node * nodeBytes);
      out.u64(nameOffsets[Math.min((node + 1) * perNode, entries.length) - 1] ?? 0);
    }
    out.zeros(end - out.length);

    const header = object(1, attributes, () => {
      message(MESSAGE.symbolTable, () => {
        out.u64(tree);
        out.u64(names);
      });
      return 1;
    });
    return { header, tree, names };
  }

  return {
    stored,
    numbers(values, options) {
      out.align();
      const storage: Storage = { kind: "contiguous", address: address() };
      out.bytes(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
      return stored(typeOf(values), storage, options);
    },
    strings(values, options) {
      out.align();
      const storage: Storage = { kind: "contiguous", address: address() };
      for (const value of values) heap.reference(out, value);
      return stored(options.charset ?? "utf8", storage, options);
    },
    group: (links, attributes = {}) => groupWithTables(links, attributes).header,
    finish(links, attributes) {
      const root = groupWithTables(links, attributes);
      heap.place(out, base);
      const block = createByteBuilder(96);
      block.bytes(SIGNATURE);
      // Versions of superblock, free space, root entry and shared messages; sizes of addresses and lengths.
      block.u32(0);
      block.u8(0);
      block.u8(8);
      block.u8(8);
      block.u8(0);
      block.u16(GROUP_LEAF_K);
      block.u16(GROUP_INTERNAL_K);
      block.u32(0);
      block.u64(0);
      block.u32(0xffffffff);
      block.u32(0xffffffff);
      block.u64(base + out.length);
      block.u32(0xffffffff);
      block.u32(0xffffffff);
      // The root group's entry, with its tables cached in it.
      block.u64(0);
      block.u64(root.header);
      block.u32(1);
      block.u32(0);
      block.u64(root.tree);
      block.u64(root.names);
      return { superblock: block.view(), metadata: out.view() };
    },
  };
}

function typeOf(values: Numbers): Hdf5Type {
  if (values instanceof Float64Array) return "float64";
  if (values instanceof Int32Array) return "int32";
  return values instanceof Uint8Array ? "uint8" : "int64";
}
