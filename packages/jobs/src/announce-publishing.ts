import type { Contributions, FormatCodec, HilumPlugin, SeriesWriter, Sink, SinkFile } from "@hilum/core";
import type { AnnouncedFile } from "./child-messages.ts";

/**
 * The same plugin with writers that, when they have written everything, first say what is about to appear and wait for leave.
 * The host publishes right after a writer has ended, so this is the last moment before.
 */
export function announcingPlugin(plugin: HilumPlugin, announce: (files: readonly AnnouncedFile[]) => Promise<void>): HilumPlugin {
  const announcing = <T extends Contributions>(contributions: T): T =>
    contributions.codecs === undefined ? contributions : { ...contributions, codecs: contributions.codecs.map((codec) => announcingCodec(codec, announce)) };
  const { setup } = plugin;
  return { ...announcing(plugin), ...(setup === undefined ? {} : { setup: (resolved: Record<string, unknown>) => announcing(setup(resolved)) }) };
}

function announcingCodec(codec: FormatCodec, announce: (files: readonly AnnouncedFile[]) => Promise<void>): FormatCodec {
  const { id, title, extensions, mediaTypes, reader, writer } = codec;
  if (writer === undefined) return codec;
  const announcing: SeriesWriter = {
    options: writer.options,
    output: writer.output,
    ...(writer.sidecar === undefined ? {} : { sidecar: writer.sidecar }),
    ...(writer.openTemplate === undefined ? {} : { openTemplate: writer.openTemplate.bind(writer) }),
    check: (request) => writer.check?.(request) ?? [],
    async write(request, slabs, sink, context) {
      const sizes = new Map<string, number>();
      const summary = await writer.write(request, slabs, observedSink(sink, sizes), context);
      context.signal.throwIfAborted();
      await announce([...sizes].map(([name, bytes]) => ({ name, bytes })));
      return summary;
    },
  };
  return { id, title, extensions, mediaTypes, writer: announcing, ...(reader === undefined ? {} : { reader }) };
}

/** The same sink, which notes how long each file becomes. */
function observedSink(sink: Sink, sizes: Map<string, number>): Sink {
  return {
    ...(sink.sidecar === undefined ? {} : { sidecar: sink.sidecar }),
    async file(name) {
      const file = await sink.file(name);
      const key = name ?? "";
      sizes.set(key, sizes.get(key) ?? 0);
      const observed: SinkFile = {
        write(bytes, position) {
          sizes.set(key, Math.max(sizes.get(key) ?? 0, position + bytes.length));
          return file.write(bytes, position);
        },
        read: (into, position) => file.read(into, position),
        close: () => file.close(),
      };
      return observed;
    },
  };
}
