import type { ByteBuilder } from "./byte-builder.ts";

/** Where the compressed chunks of a dataset lie, in order. */
export interface ChunkTable {
  /** Slices in a chunk; the last of a phase is filled up with slices that nobody sees. */
  readonly slices: number;
  /** Address of each chunk in the file. */
  readonly addresses: readonly number[];
  /** Bytes of each chunk as stored. */
  readonly sizes: readonly number[];
}

/** The most children of a node: twice the library's default for chunk indices, which superblock 0 cannot change. */
const MOST_CHILDREN = 64;
const UNDEFINED_ADDRESS = 0xffffffff;

interface Child {
  readonly address: number;
  /** The first chunk below it. */
  readonly chunk: number;
}

/**
 * Writes the version-1 B-tree of a dataset [phase, z, …] whose chunks are [1, slices, …] (HDF5 File Format Specification, III.A.1).
 * @param perPhase chunks in one phase
 * @param rank dimensions of the dataset
 * @param base address of the first byte of `out`
 * @returns the address of the root.
 */
export function writeChunkIndex(out: ByteBuilder, base: number, table: ChunkTable, perPhase: number, rank: number): number {
  const chunks = table.addresses.length;
  const keyBytes = 8 + 8 * (rank + 1);
  const nodeBytes = 24 + MOST_CHILDREN * 8 + (MOST_CHILDREN + 1) * keyBytes;

  function key(chunk: number): void {
    out.u32(table.sizes[chunk] ?? 0);
    out.u32(0);
    // One past the last chunk is the first slice of a phase that there is not: greater than all others.
    out.u64(Math.floor(chunk / perPhase));
    out.u64((chunk % perPhase) * table.slices);
    out.zeros(8 * (rank - 1));
  }

  function level(children: readonly Child[], depth: number): number {
    out.align();
    const first = base + out.length;
    const nodes = Math.ceil(children.length / MOST_CHILDREN);
    const parents: Child[] = [];
    for (let node = 0; node < nodes; node++) {
      const own = children.slice(node * MOST_CHILDREN, (node + 1) * MOST_CHILDREN);
      const address = first + node * nodeBytes;
      parents.push({ address, chunk: own[0]?.chunk ?? 0 });
      const end = out.length + nodeBytes;
      out.text("TREE");
      out.u8(1);
      out.u8(depth);
      out.u16(own.length);
      writeSibling(out, node > 0 ? address - nodeBytes : undefined);
      writeSibling(out, node + 1 < nodes ? address + nodeBytes : undefined);
      for (const child of own) {
        key(child.chunk);
        out.u64(child.address);
      }
      key(children[(node + 1) * MOST_CHILDREN]?.chunk ?? chunks);
      out.zeros(end - out.length);
    }
    return parents.length === 1 ? first : level(parents, depth + 1);
  }

  return level(
    table.addresses.map((address, chunk) => ({ address, chunk })),
    0,
  );
}

function writeSibling(out: ByteBuilder, address: number | undefined): void {
  if (address !== undefined) return out.u64(address);
  out.u32(UNDEFINED_ADDRESS);
  out.u32(UNDEFINED_ADDRESS);
}
