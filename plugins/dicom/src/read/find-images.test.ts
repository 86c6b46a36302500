import { isHilumError } from "@hilum/core";
import { codecContext, memorySource, scanSeries, type NamedFile } from "@hilum/testing";
import { describe, expect, test } from "vitest";
import { findImages, type FoundImages } from "./find-images.ts";

const EXPLICIT = "1.2.840.10008.1.2.1\0";
const NOBODY_KNOWS = "1.2.840.10008.1.2.99";

/** The same file in a transfer syntax that does not exist; its bytes stay explicit little endian. */
function unsupported({ name, bytes }: NamedFile): NamedFile {
  const changed = Buffer.from(bytes);
  const at = changed.indexOf(EXPLICIT, 0, "latin1");
  changed.write(NOBODY_KNOWS, at, "latin1");
  return { name: `unsupported/${name}`, bytes: changed };
}

async function find(files: readonly NamedFile[], context = codecContext()): Promise<FoundImages> {
  return findImages(memorySource(files, { kind: "directory" }), "auto", context);
}

async function codeOf(files: readonly NamedFile[]): Promise<string> {
  try {
    await find(files);
    return "read";
  } catch (error) {
    if (!isHilumError(error)) throw error;
    return error.code;
  }
}

describe("images that cannot be read", () => {
  const readable = scanSeries({ seed: 1 }).files;
  const other = scanSeries({ seed: 2, size: [4, 3, 3] }).files.map(unsupported);

  test("are left out where they are a series of their own: counted, with one warning", async () => {
    const context = codecContext();
    const { images, skipped } = await find([...readable, ...other], context);
    expect(images).toHaveLength(readable.length);
    expect(Object.fromEntries(skipped)).toEqual({ "unsupported, of another series": 3 });
    expect(context.warnings.map(({ code }) => code)).toEqual(["UNSUPPORTED_TRANSFER_SYNTAX"]);
    expect(context.warnings[0]?.message).toContain("3 unsupported files of series of their own were left out");
  });

  test("refuse the source where they are of a series that is read, and where there is nothing else", async () => {
    const [first, ...rest] = readable as [NamedFile, ...NamedFile[]];
    expect(await codeOf([unsupported(first), ...rest])).toBe("UNSUPPORTED_TRANSFER_SYNTAX");
    expect(await codeOf(other)).toBe("UNSUPPORTED_TRANSFER_SYNTAX");
  });

  test("tell which file it is by its place, and nothing that is in it", async () => {
    const error: unknown = await find(other).catch((thrown: unknown) => thrown);
    if (!isHilumError(error)) throw error;
    expect(error.details).toMatchObject({ file: 1 });
    expect(error.message).not.toContain("ZZCANARY");
  });
});

describe("a file that goes on behind its data set", () => {
  // (FFFC,FFFC) OB of four bytes, by hand from PS3.5 7.1.2.
  const padding = Buffer.from("fcfffcff4f4200000400000000000000", "hex");
  const withTail = (tail: Buffer) => scanSeries({ seed: 1 }).files.map((file, index) => (index === 1 ? { ...file, bytes: Buffer.concat([file.bytes, tail]) } : file));

  test.each([
    ["with rubbish behind its trailing padding", Buffer.concat([padding, Buffer.alloc(9, 0xde)])],
    ["cut inside of its trailing padding", padding.subarray(0, -1)],
  ])("is read, and told: %s", async (_, tail) => {
    const context = codecContext();
    expect((await find(withTail(tail), context)).images).toHaveLength(withTail(tail).length);
    expect(context.warnings.map(({ code }) => code)).toEqual(["TRAILING_BYTES_LEFT_OUT"]);
  });

  test("says nothing of padding that is whole", async () => {
    const context = codecContext();
    await find(withTail(padding), context);
    expect(context.warnings).toEqual([]);
  });

  test("is refused where its data set does not say that it is over", async () => {
    expect(await codeOf(withTail(Buffer.alloc(9, 0xde)))).toBe("MALFORMED_FILE");
  });
});

test("one file gives one image of its own frame, size and place", async () => {
  const { images } = await find(scanSeries({ size: [4, 3, 2] }).files);
  expect(images.map(({ frameNumber, size, region, placedBy }) => [frameNumber, size, region, placedBy])).toEqual([
    [1, [4, 3], undefined, "image position"],
    [1, [4, 3], undefined, "image position"],
  ]);
});
