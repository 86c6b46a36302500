import { spawn } from "node:child_process";
import { isHilumError } from "@hilum/core";
import { describe, expect, test } from "vitest";
import { encodeReply, type DecodeRequest } from "./decoder-messages.ts";
import { DecoderProcess } from "./decoder-process.ts";

const REQUEST: DecodeRequest = { codec: "jpeg", rows: 1, columns: 2, samplesPerPixel: 1, bitsAllocated: 8, bitsStored: 8, signed: false, photometricInterpretation: "MONOCHROME2", codestream: Uint8Array.of(1, 2, 3) };
const FRAME = { rows: 1, columns: 2, samplesPerPixel: 1, bytes: Uint8Array.of(7, 8) };

const HANGS = "setInterval(() => {}, 1000)";
const ENDS = "process.stdin.once('data', () => process.exit(1))";
const REFUSES = answering(Buffer.from(encodeReply(undefined)));
const DECODES = answering(Buffer.concat([encodeReply(FRAME), FRAME.bytes]));

/** A program that gives the same answer to each request of 17 bytes. */
function answering(answer: Buffer): string {
  return `let bytes = 0; process.stdin.on('data', (chunk) => { for (bytes += chunk.length; bytes >= 17; bytes -= 17) process.stdout.write(Buffer.from('${answer.toString("hex")}', 'hex')); })`;
}

/** Decodes frames with one program after the other; what became of each frame, and how many programs were started. */
async function decode(programs: readonly string[], frames: number, deadlineMs = 60_000) {
  let started = 0;
  const decoder = new DecoderProcess(() => spawn(process.execPath, ["-e", programs[started++] as string], { stdio: ["pipe", "pipe", "ignore"] }), deadlineMs);
  const results = await Promise.allSettled(Array.from({ length: frames }, () => decoder.decode(REQUEST)));
  const outcomes = results.map((result) => {
    if (result.status === "fulfilled") return [...result.value.bytes];
    const error: unknown = result.reason;
    return isHilumError(error) ? `${error.code}: ${error.message}` : `${error}`;
  });
  return { outcomes, started };
}

describe("a decoder process", () => {
  test("gives frames in the order in which they were asked for", async () => {
    expect(await decode([DECODES], 3)).toEqual({ outcomes: [[7, 8], [7, 8], [7, 8]], started: 1 });
  });

  test("that hangs is ended, its first frame refused, and the others go to a new one", async () => {
    const { outcomes, started } = await decode([HANGS, DECODES], 3, 3000);
    expect(outcomes).toEqual(["MALFORMED_FILE: A compressed frame takes longer than 3 s to decode.", [7, 8], [7, 8]]);
    expect(started).toBe(2);
  });

  test("that ends takes one frame with it", async () => {
    expect(await decode([ENDS, ENDS, DECODES], 3)).toEqual({
      outcomes: ["MALFORMED_FILE: A compressed frame ends the program that decodes it.", "MALFORMED_FILE: A compressed frame ends the program that decodes it.", [7, 8]],
      started: 3,
    });
  });

  test("may refuse a frame", async () => {
    expect((await decode([REFUSES], 1)).outcomes).toEqual(["MALFORMED_FILE: A compressed frame is not accepted by its codec."]);
  });
});
