import type { ChildProcess } from "node:child_process";
import { HilumError } from "@hilum/core";
import { DECODER_MEMORY_BYTES, decodeReply, encodeRequest, MessageReader, OUT_OF_MEMORY_SIGNAL, type DecodedFrame, type DecodeRequest } from "./decoder-messages.ts";

const DEADLINE_MS = 4_000;
const DEADLINE_BYTES = 8 * 1024 * 1024;
/** Without a frame for so long, the program ends. */
const IDLE_MS = 5_000;

interface Waiting {
  readonly request: DecodeRequest;
  readonly resolve: (frame: DecodedFrame) => void;
  readonly reject: (error: Error) => void;
}

/**
 * A decoder program and the frames it has been given, which it does in order: when it dies or is late, the first of them is to
 * blame and refused, and the others go to a new one. It keeps the process alive only while there are any.
 */
export class DecoderProcess {
  readonly #start: () => ChildProcess;
  readonly #deadlineMs: number;
  #child: ChildProcess | undefined;
  #waiting: Waiting[] = [];
  #timer: NodeJS.Timeout | undefined;

  /** @param start starts a program. @param deadlineMs that one frame may take, and as long again for each 32 MiB of its samples. */
  constructor(start: () => ChildProcess, deadlineMs: number) {
    this.#start = start;
    this.#deadlineMs = deadlineMs;
  }

  /** @throws {HilumError} MALFORMED_FILE where the frame is refused, or ends the program, or is late. */
  decode(request: DecodeRequest): Promise<DecodedFrame> {
    return new Promise((resolve, reject) => {
      const waiting = { request, resolve, reject };
      this.#waiting.push(waiting);
      if (this.#child === undefined) this.#restart();
      else this.#send(waiting);
      if (this.#waiting.length === 1) this.#await();
    });
  }

  /** A new program, and all that waits for one. */
  #restart(): void {
    const child = this.#start();
    const reader = new MessageReader();
    this.#child = child;
    child.stdout?.on("data", (bytes: Buffer) => this.#receive(child, reader, bytes));
    // Writing to a program that has ended fails; that it has is told by "close".
    child.stdin?.on("error", () => undefined);
    child.once("error", (cause) => this.#ended(child, cause));
    child.once("close", (_, signal) => this.#ended(child, undefined, signal));
    for (const waiting of this.#waiting) this.#send(waiting);
  }

  #send({ request }: Waiting): void {
    this.#child?.stdin?.write(encodeRequest(request));
    this.#child?.stdin?.write(request.codestream);
  }

  /** Starts the clock of the first frame that waits, or of the program's end. */
  #await(): void {
    clearTimeout(this.#timer);
    const [first] = this.#waiting;
    keepAlive(this.#child, first !== undefined);
    if (first === undefined) {
      this.#timer = setTimeout(() => this.#stop(), IDLE_MS).unref();
      return;
    }
    const { rows, columns, samplesPerPixel, bitsAllocated } = first.request;
    const deadlineMs = this.#deadlineMs * (1 + Math.floor((rows * columns * samplesPerPixel * (bitsAllocated / 8)) / DEADLINE_BYTES));
    this.#timer = setTimeout(() => {
      // A reply that came while this process was busy is not late.
      setImmediate(() => {
        if (this.#waiting[0] === first) this.#fail(refused(`takes longer than ${deadlineMs / 1000} s to decode`, { deadlineMs }));
      });
    }, deadlineMs);
  }

  #receive(child: ChildProcess, reader: MessageReader, bytes: Buffer): void {
    if (child !== this.#child) return;
    for (const body of reader.add(bytes)) {
      const waiting = this.#waiting.shift();
      this.#await();
      const frame = decodeReply(body);
      if (frame !== undefined) waiting?.resolve(frame);
      else waiting?.reject(refused("is not accepted by its codec"));
    }
  }

  #ended(child: ChildProcess, cause: Error | undefined, signal?: NodeJS.Signals | null): void {
    if (child !== this.#child) return;
    this.#child = undefined;
    if (this.#waiting.length === 0) return;
    if (cause !== undefined) this.#fail(new HilumError("INTERNAL", "The program that decodes compressed frames does not start.", { cause }));
    else if (signal === OUT_OF_MEMORY_SIGNAL) this.#fail(refused(`takes more than ${DECODER_MEMORY_BYTES} bytes of memory to decode`));
    else this.#fail(refused("ends the program that decodes it"));
  }

  /** Refuses the first frame and lets a new program go on with the others. */
  #fail(error: Error): void {
    this.#stop();
    this.#waiting.shift()?.reject(error);
    if (this.#waiting.length > 0) this.#restart();
    this.#await();
  }

  #stop(): void {
    clearTimeout(this.#timer);
    const child = this.#child;
    this.#child = undefined;
    child?.kill("SIGKILL");
  }
}

function refused(what: string, details: Record<string, number> = {}): HilumError {
  return new HilumError("MALFORMED_FILE", `A compressed frame ${what}.`, { details });
}

/** Whether a program and its pipes keep this process from ending by itself. */
function keepAlive(child: ChildProcess | undefined, alive: boolean): void {
  if (child === undefined) return;
  const handles = [child, child.stdin, child.stdout] as unknown as { ref(): void; unref(): void }[];
  for (const handle of handles) handle[alive ? "ref" : "unref"]();
}

let shared: Promise<DecoderProcess> | undefined;

/**
 * Decodes a frame in another process, one for all series of this one: a codestream is untrusted, and its codec may hang, crash or
 * take all memory.
 * @throws {HilumError} MALFORMED_FILE where the codec refuses, ends, is late or takes too much memory.
 */
export async function decodeElsewhere(request: DecodeRequest): Promise<DecodedFrame> {
  shared ??= prepare();
  return (await shared).decode(request);
}

async function prepare(): Promise<DecoderProcess> {
  const [{ spawn }, { fileURLToPath }] = await Promise.all([import("node:child_process"), import("node:url")]);
  const here = fileURLToPath(import.meta.url);
  // Beside this one as a source; else in the folder of the bundle that holds this.
  const program = here.endsWith(".ts") ? fileURLToPath(new URL("./decoder-child.ts", import.meta.url)) : `${here.slice(0, here.lastIndexOf("/dist/"))}/dist/decoder-child.js`;
  return new DecoderProcess(() => spawn(process.execPath, ["--max-old-space-size=128", program], { stdio: ["pipe", "pipe", "ignore"], env: {} }), DEADLINE_MS);
}
