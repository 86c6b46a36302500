import { HilumError } from "@hilum/core";

/** A tag as people write it, e.g. "(0008,103E)". */
export function tagText(tag: number): string {
  const hex = tag.toString(16).toUpperCase().padStart(8, "0");
  return `(${hex.slice(0, 4)},${hex.slice(4)})`;
}

/** A MALFORMED_FILE error that names tag and offset (bytes from the start of the file), and no value. */
export function malformedFile(what: string, tag: number, offset: number): HilumError {
  return new HilumError("MALFORMED_FILE", `Element ${tagText(tag)} at offset ${offset} ${what}.`, {
    details: { tag: tagText(tag), offset },
  });
}
