import type { NamedFile } from "../named-file.ts";

/** Sources that are of no image format that a codec could claim. */
export const FOREIGN_SOURCES: readonly (readonly [title: string, kind: "file" | "directory", files: readonly NamedFile[]])[] = [
  ["an empty directory", "directory", []],
  ["a directory of text", "directory", [{ name: "notes.txt", bytes: new TextEncoder().encode("only words\n") }]],
  ["an empty file", "file", [{ name: "empty", bytes: new Uint8Array(0) }]],
  ["a text file", "file", [{ name: "notes.txt", bytes: new TextEncoder().encode("only words\n".repeat(200)) }]],
  ["a PNG file", "file", [{ name: "a.png", bytes: Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 13, 0x49, 0x48, 0x44, 0x52) }]],
];
