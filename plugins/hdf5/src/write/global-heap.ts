import { createByteBuilder, type ByteBuilder } from "./byte-builder.ts";

/** Holds the text of variable-length strings (HDF5 File Format Specification, III.E). */
export interface GlobalHeap {
  /** Stores a string and writes its reference to `out`; the address in it is relative until {@link GlobalHeap.place}. */
  reference(out: ByteBuilder, value: string): void;
  /** Appends all collections to `out` and makes every reference absolute. `base`: the address of the first byte of `out`. */
  place(out: ByteBuilder, base: number): void;
}

const COLLECTION_HEADER = 16;
const OBJECT_HEADER = 16;
const SMALLEST_COLLECTION = 4096;
const FULL_COLLECTION = 1 << 16;
const MOST_OBJECTS = 0xffff;

/** Starts an empty heap. */
export function createGlobalHeap(): GlobalHeap {
  const heap = createByteBuilder();
  const references: number[] = [];
  let start = 0;
  let objects = 0;

  function open(): void {
    start = heap.length;
    objects = 0;
    heap.text("GCOL");
    heap.u32(1);
    heap.u64(0);
  }

  function close(): void {
    const used = heap.length - start;
    const missing = Math.max(SMALLEST_COLLECTION - used, 0);
    // Object 0 is the free space; what is too small for its header is just left.
    if (missing >= OBJECT_HEADER) {
      heap.u64(0);
      heap.u64(missing);
      heap.zeros(missing - OBJECT_HEADER);
    } else heap.zeros(missing);
    heap.patchU64(heap.length - start, start + COLLECTION_HEADER - 8);
  }

  open();
  return {
    reference(out, value) {
      if (value === "") {
        // A null reference is how the library writes an absent sequence; readers give "".
        out.u32(0);
        out.u64(0);
        out.u32(0);
        return;
      }
      if (objects === MOST_OBJECTS || (objects > 0 && heap.length - start + value.length > FULL_COLLECTION)) {
        close();
        open();
      }
      objects += 1;
      const header = heap.length;
      heap.u16(objects);
      heap.u16(0);
      heap.u32(0);
      heap.u64(0);
      const size = heap.text(value);
      heap.patchU64(size, header + 8);
      heap.align();
      out.u32(size);
      references.push(out.length);
      out.u64(start);
      out.u32(objects);
    },
    place(out, base) {
      if (references.length === 0) return;
      close();
      out.align();
      const address = base + out.length;
      for (const position of references) out.addU64(address, position);
      out.bytes(heap.view());
    },
  };
}
