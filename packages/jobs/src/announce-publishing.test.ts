import { definePlugin, NO_CONFIG, type FormatCodec, type HilumPlugin, type Slab, type WriteRequest } from "@hilum/core";
import { codecContext, memorySink } from "@hilum/testing";
import { expect, test } from "vitest";
import { announcingPlugin } from "./announce-publishing.ts";
import type { AnnouncedFile } from "./child-messages.ts";

const writer: FormatCodec = {
  id: "two-files",
  title: "Two files",
  extensions: [],
  mediaTypes: [],
  writer: {
    options: NO_CONFIG,
    output: "directory",
    openTemplate: () => Promise.reject(new TypeError("no template is asked for")),
    async write(_request, _slabs, sink) {
      const first = await sink.file("a");
      await first.write(new Uint8Array(5), 0);
      await first.close();
      const second = await sink.file("b");
      await second.write(new Uint8Array(2), 10);
      await second.write(new Uint8Array(2), 0);
      await second.close();
      const patched = await sink.file("a");
      await patched.write(new Uint8Array(1), 0);
      await patched.close();
      return { facts: { files: 2 } };
    },
  },
};

async function* none(): AsyncGenerator<Slab> {}

function pluginOf(declaration: Partial<HilumPlugin>): HilumPlugin {
  return definePlugin({ name: "test", version: "1.0.0", module: import.meta.url, ...declaration } as Parameters<typeof definePlugin>[0]);
}

test("says which files of which sizes are about to appear, and ends the writing only with leave", async () => {
  let announced: readonly AnnouncedFile[] = [];
  const { promise: leave, resolve: give } = Promise.withResolvers<void>();
  const plugin = announcingPlugin(pluginOf({ codecs: [writer] }), (files) => {
    announced = files;
    return leave;
  });
  let ended = false;
  const writing = plugin.codecs?.[0]?.writer?.write({} as WriteRequest, none(), memorySink().sink, codecContext()).then((summary) => {
    ended = true;
    return summary;
  });
  await new Promise(setImmediate);
  expect(announced).toEqual([
    { name: "a", bytes: 5 },
    { name: "b", bytes: 12 },
  ]);
  expect(ended).toBe(false);
  give();
  expect(await writing).toEqual({ facts: { files: 2 } });
});

test("reaches the codecs that a plugin's setup adds, and changes nothing else of a codec", () => {
  const plugin = announcingPlugin(pluginOf({ requires: {}, setup: () => ({ codecs: [writer] }) }), () => Promise.resolve());
  const codec = plugin.setup?.({}).codecs?.[0];
  expect(codec).toMatchObject({ id: "two-files", title: "Two files", writer: { output: "directory", openTemplate: expect.any(Function) as unknown, options: NO_CONFIG } });
  expect(codec?.writer?.write).not.toBe(writer.writer?.write);
});

test("leaves a codec without a writer as it is", () => {
  const { writer: _, ...reading } = writer;
  expect(announcingPlugin(pluginOf({ codecs: [reading] }), () => Promise.resolve()).codecs?.[0]).toBe(reading);
});
