import { extname } from "node:path";
import { HilumError, type FormatCodec, type SeriesReader, type SeriesWriter, type Source } from "@hilum/core";
import type { Registry } from "../registry.ts";

/** A codec that can read. */
export type ReadingCodec = FormatCodec & { readonly reader: SeriesReader };
/** A codec that can write. */
export type WritingCodec = FormatCodec & { readonly writer: SeriesWriter };

/** The codec that a source is read with: the one that is named, else the first that recognises the content. */
export async function chooseReader(codecs: Registry<FormatCodec>, source: Source, id?: string): Promise<ReadingCodec> {
  if (id !== undefined) {
    const codec = codecs.get(id);
    if (codec.reader === undefined) throw new HilumError("UNRECOGNIZED_FORMAT", `The codec "${id}" does not read.`);
    return codec as ReadingCodec;
  }
  for (const codec of codecs.list()) if (codec.reader !== undefined && (await codec.reader.detect(source))) return codec as ReadingCodec;
  const readable = codecs.list().filter((codec) => codec.reader !== undefined).map((codec) => codec.title);
  const what = source.kind === "file" ? "The input file" : `The input directory (${source.files.length} files)`;
  throw new HilumError("UNRECOGNIZED_FORMAT", `${what} holds nothing that can be read.`, {
    details: { files: source.files.length, readable },
    remedy: `It can be: ${readable.join(", ")}.`,
  });
}

/** The codec that writes to a path: the one that is named, else by the path's ending; no ending, or "/", is a directory format. */
export function chooseWriter(codecs: Registry<FormatCodec>, path: string, id?: string): WritingCodec {
  if (id !== undefined) {
    const codec = codecs.get(id);
    if (codec.writer === undefined) throw new HilumError("UNSUPPORTED_WRITE", `The codec "${id}" does not write.`);
    return codec as WritingCodec;
  }
  const writing = codecs.list().filter((codec): codec is WritingCodec => codec.writer !== undefined);
  const ending = path.endsWith("/") ? "" : extname(path).toLowerCase();
  const found = writing.find((codec) => (ending === "" ? codec.writer.output === "directory" : codec.extensions.includes(ending)));
  if (found !== undefined) return found;
  const endings = writing.flatMap((codec) => codec.extensions);
  throw new HilumError("UNSUPPORTED_WRITE", ending === "" ? "No codec writes directories." : `No codec writes files that end in "${ending}".`, {
    details: { ending, endings },
    remedy: `Files can end in ${endings.join(", ")}; a directory (DICOM) has no ending, or a "/" behind it.`,
  });
}
