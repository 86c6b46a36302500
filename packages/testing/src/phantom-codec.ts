import { definePlugin, HilumError, NO_CONFIG, type FormatCodec, type HilumPlugin, type Source } from "@hilum/core";
import { createPhantom, type PhantomOptions } from "./phantom.ts";
import type { NamedFile } from "./named-file.ts";

const PREFIX = '{"hilumPhantom":';

/** A file that stands for a phantom: its options as JSON. A host with {@link phantomPlugin} reads it as a series. */
export function phantomFile(name: string, options: PhantomOptions): NamedFile {
  return { name: `${name}.phantom`, bytes: new TextEncoder().encode(`${PREFIX}${JSON.stringify(options)}}`) };
}

/** Reads phantom files, so that jobs can run over known voxels with no other format at hand. */
export const phantomCodec: FormatCodec = {
  id: "phantom",
  title: "Phantom (for tests)",
  extensions: [".phantom"],
  mediaTypes: [],
  reader: {
    options: NO_CONFIG,
    detect: (source) => source.kind === "file" && startOf(source).startsWith(PREFIX),
    open: (source) => {
      const { hilumPhantom } = JSON.parse(startOf(source)) as { readonly hilumPhantom?: PhantomOptions };
      if (hilumPhantom === undefined) throw new HilumError("MALFORMED_FILE", "The phantom file holds no options.");
      return Promise.resolve([createPhantom(hilumPhantom)]);
    },
  },
};

/** The plugin that brings {@link phantomCodec} to a host. */
export const phantomPlugin: HilumPlugin = definePlugin({
  name: "@hilum/testing",
  version: "0.1.0",
  module: import.meta.url,
  codecs: [phantomCodec],
});

function startOf(source: Source): string {
  const bytes = new Uint8Array(4096);
  return new TextDecoder().decode(bytes.subarray(0, source.files[0]?.read(bytes, 0) ?? 0));
}
