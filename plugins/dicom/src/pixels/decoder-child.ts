// A program of its own: decodes frames that nobody has checked, one after the other, where a hang, a crash or a memory blow-up
// harms nobody. Requests come on standard input, replies go to standard output; it ends when its input does.
import { Worker } from "node:worker_threads";
import { decodeRequest, DECODER_MEMORY_BYTES, encodeReply, MessageReader, OUT_OF_MEMORY_SIGNAL, type DecodedFrame } from "./decoder-messages.ts";
import { decodeNatively, prepareCodecs } from "./native-codecs.ts";

/** A thread that watches while a codec keeps this one busy: for memory, and for the end of the process that asked. */
const GUARD = `
const parent = process.ppid;
setInterval(() => {
  if (process.memoryUsage.rss() > ${DECODER_MEMORY_BYTES}) process.kill(process.pid, "${OUT_OF_MEMORY_SIGNAL}");
  if (process.ppid !== parent) process.kill(process.pid, "SIGKILL");
}, 20);
`;

/** Ends when the bytes are out of this process: a frame that ends it takes no reply to an earlier one along. */
function written(bytes: Uint8Array): Promise<void> {
  return new Promise((resolve) => process.stdout.write(bytes, () => resolve()));
}

new Worker(GUARD, { eval: true }).unref();
await prepareCodecs();
const reader = new MessageReader();
for await (const chunk of process.stdin as AsyncIterable<Buffer>)
  for (const body of reader.add(chunk)) {
    let frame: DecodedFrame | undefined;
    try {
      frame = decodeNatively(decodeRequest(body));
    } catch {
      await prepareCodecs();
    }
    await written(frame === undefined ? encodeReply(frame) : Buffer.concat([encodeReply(frame), frame.bytes]));
  }
process.exit(0);
