import { createHash } from "node:crypto";
import { HilumError, NO_CONFIG, type ImageSeries } from "@hilum/core";
import { createPhantom } from "../phantom.ts";
import { answerReadRequests } from "./read-mutants.ts";

/** What a file makes this reader do, by the word that the file begins with; anything else is read. */
const FAULTS: ReadonlyMap<string, () => unknown> = new Map<string, () => unknown>([
  ["refuse", () => Promise.reject(new HilumError("MALFORMED_FILE", "Refused."))],
  ["defect", () => Promise.reject(new HilumError("INTERNAL", "A defect of ours."))],
  ["throw", () => Promise.reject(new TypeError("of no kind that is known"))],
  ["exit", () => process.exit(3)],
  ["print", () => process.stdout.write("a value of the file\n")],
  ["eat", () => Buffer.alloc(700 * 1024 * 1024, 1)],
  ["hang", hang],
]);

answerReadRequests({
  options: NO_CONFIG,
  detect: () => true,
  open: async ({ files: [file] }) => {
    const bytes = new Uint8Array(8);
    file?.read(bytes, 0);
    const word = Buffer.from(bytes).toString("latin1").trim();
    await FAULTS.get(word)?.();
    const phantom = createPhantom({ size: [4, 3, 2] });
    const sourceNameHash = createHash("sha256").update(file?.name ?? "").digest("hex");
    const frames = phantom.frames.map((frame) => ({ ...frame, derivedFrom: frame.derivedFrom.map((from) => ({ ...from, sourceNameHash })) }));
    const series: ImageSeries = {
      ...phantom,
      frames: word === "lose" ? phantom.frames : frames,
      read: (into) => (word === "unfilled" ? undefined : phantom.read(into)),
    };
    return [series];
  },
});

function hang(): void {
  for (;;) Math.random();
}
