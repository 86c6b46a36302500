/** A buffer that grows while little-endian numbers and text are written to its end. */
export interface ByteBuilder {
  /** Bytes written so far. */
  readonly length: number;
  u8(value: number): void;
  u16(value: number): void;
  u32(value: number): void;
  /** An unsigned 64-bit integer; `value` is a safe integer. */
  u64(value: number): void;
  f64(value: number): void;
  bytes(value: Uint8Array): void;
  /** UTF-8, without a terminator. @returns the number of bytes. */
  text(value: string): number;
  /** `count` bytes of zero. */
  zeros(count: number): void;
  /** Zeros up to the next multiple of eight. */
  align(): void;
  patchU16(value: number, position: number): void;
  patchU32(value: number, position: number): void;
  patchU64(value: number, position: number): void;
  /** Adds `amount` to the 64-bit integer at `position`. */
  addU64(amount: number, position: number): void;
  /** What was written; a view, valid until the next write. */
  view(): Buffer;
}

const TWO_32 = 2 ** 32;

/** Starts an empty builder. */
export function createByteBuilder(capacity = 1 << 16): ByteBuilder {
  let buffer = Buffer.alloc(capacity);
  // Buffer's own writers check more than is needed here, which shows in a process that has only just started.
  let numbers = new DataView(buffer.buffer, buffer.byteOffset, buffer.length);
  let end = 0;

  /** Makes room for `count` bytes at the end and returns where they go. */
  function claim(count: number): number {
    const start = end;
    end += count;
    if (end > buffer.length) {
      const larger = Buffer.alloc(Math.max(buffer.length * 2, end));
      buffer.copy(larger, 0, 0, start);
      buffer = larger;
      numbers = new DataView(buffer.buffer, buffer.byteOffset, buffer.length);
    }
    return start;
  }

  function putU64(value: number, position: number): void {
    numbers.setUint32(position, value % TWO_32, true);
    numbers.setUint32(position + 4, Math.floor(value / TWO_32), true);
  }

  return {
    get length() {
      return end;
    },
    // `claim` may replace `buffer` and `numbers`, so it has to be called first.
    u8(value) {
      const at = claim(1);
      numbers.setUint8(at, value);
    },
    u16(value) {
      const at = claim(2);
      numbers.setUint16(at, value, true);
    },
    u32(value) {
      const at = claim(4);
      numbers.setUint32(at, value, true);
    },
    u64(value) {
      const at = claim(8);
      putU64(value, at);
    },
    f64(value) {
      const at = claim(8);
      numbers.setFloat64(at, value, true);
    },
    bytes(value) {
      const at = claim(value.length);
      buffer.set(value, at);
    },
    text(value) {
      const count = Buffer.byteLength(value);
      const at = claim(count);
      buffer.write(value, at, "utf8");
      return count;
    },
    zeros: (count) => void claim(count),
    align: () => void claim((8 - (end % 8)) % 8),
    patchU16: (value, position) => numbers.setUint16(position, value, true),
    patchU32: (value, position) => numbers.setUint32(position, value, true),
    patchU64: putU64,
    addU64: (amount, position) =>
      putU64(numbers.getUint32(position, true) + numbers.getUint32(position + 4, true) * TWO_32 + amount, position),
    view: () => buffer.subarray(0, end),
  };
}
