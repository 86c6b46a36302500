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
  let end = 0;

  /** Makes room for `count` bytes at the end and returns where they go. */
  function claim(count: number): number {
    const start = end;
    end += count;
    if (end > buffer.length) {
      const larger = Buffer.alloc(Math.max(buffer.length * 2, end));
      buffer.copy(larger, 0, 0, start);
      buffer = larger;
    }
    return start;
  }

  function putU64(value: number, position: number): void {
    buffer.writeUInt32LE(value % TWO_32, position);
    buffer.writeUInt32LE(Math.floor(value / TWO_32), position + 4);
  }

  return {
    get length() {
      return end;
    },
    // `claim` may replace `buffer`, so it has to be called first.
    u8(value) {
      const at = claim(1);
      buffer.writeUInt8(value, at);
    },
    u16(value) {
      const at = claim(2);
      buffer.writeUInt16LE(value, at);
    },
    u32(value) {
      const at = claim(4);
      buffer.writeUInt32LE(value, at);
    },
    u64(value) {
      const at = claim(8);
      putU64(value, at);
    },
    f64(value) {
      const at = claim(8);
      buffer.writeDoubleLE(value, at);
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
    patchU16: (value, position) => void buffer.writeUInt16LE(value, position),
    patchU32: (value, position) => void buffer.writeUInt32LE(value, position),
    patchU64: putU64,
    addU64: (amount, position) =>
      putU64(buffer.readUInt32LE(position) + buffer.readUInt32LE(position + 4) * TWO_32 + amount, position),
    view: () => buffer.subarray(0, end),
  };
}
