import type { ConfigSchema } from "./config-schema.ts";
import type { CodecContext } from "./context.ts";
import type { Sink } from "./sink.ts";
import type { Source } from "./source.ts";
import type { ImageSeries, SeriesMetadata, SeriesSpec } from "../model/series.ts";
import type { Json } from "../model/json.ts";
import type { Slab } from "../model/voxels.ts";
import type { ErrorCode } from "../errors/catalogue.ts";

/** The part of a source that one series lies in, or that nothing is known of. */
export interface SourcePart {
  /** A source of its own, to be given to {@link SeriesReader.open}. */
  readonly source: Source;
  /** What can be said of the series before it is opened; empty where its files tell no series. */
  readonly metadata: SeriesMetadata;
}

/** Reads series of one format. */
export interface SeriesReader<Options = unknown> {
  /** Options of reading, e.g. how padding is treated. */
  readonly options: ConfigSchema<Options>;
  /** Whether this source is of this format; looks at content, never at names alone, and reads little. */
  detect(source: Source): boolean | Promise<boolean>;
  /**
   * Finds every series in the source, without reading voxels. Each is disposed of by the host.
   * @throws {HilumError} of category "data" or "unsupported" when something in it cannot be assembled exactly.
   */
  open(source: Source, options: Options, context: CodecContext): Promise<readonly ImageSeries[]>;
  /**
   * Divides a source that may hold several series into parts that can be opened each on its own, so that a fault of one hides
   * no other and one can be chosen. In the order in which `open` gives them. Without it a source is one part.
   * @throws {HilumError} SOURCE_NOT_FOUND when it cannot be read; never for what is wrong inside a file.
   */
  divide?(source: Source, context: CodecContext): Promise<readonly SourcePart[]>;
}

/** A reason why a plan cannot be carried out; found before a byte is written. */
export interface PlanProblem {
  readonly code: ErrorCode;
  readonly message: string;
  readonly remedy?: string;
}

/** What a writer gets. */
export interface WriteRequest<Options = unknown> {
  /** What is to be written, with `frames` in the order in which slabs come. */
  readonly series: SeriesSpec;
  /** The series whose headers are used, where the writer takes one: see {@link SeriesWriter.openTemplate}. */
  readonly template?: ImageSeries;
  readonly options: Options;
}

/** What a writer tells of its work; goes into the job's report. */
export interface WriteSummary {
  /** Facts worth recording, e.g. how many voxels were clipped. No patient values. */
  readonly facts?: { readonly [name: string]: Json };
  /** What each file of the output was made from, where files have identifiers; in the order of their names. */
  readonly instances?: readonly DerivedInstance[];
}

/** A file of an output, and what it was made from. */
export interface DerivedInstance {
  /** Name inside the output. */
  readonly name: string;
  /** SOP Instance UID of the instance whose header and place it has. */
  readonly sourceSOPInstanceUID: string;
  readonly sopInstanceUID: string;
}

/** Writes series of one format. */
export interface SeriesWriter<Options = unknown> {
  /** Options of writing, e.g. which metadata goes in. */
  readonly options: ConfigSchema<Options>;
  /** Whether the output is one file or a directory of files. */
  readonly output: "file" | "directory";
  /** Whether a JSON sidecar can be asked for. */
  readonly sidecar?: boolean;
  /**
   * Opens the series whose headers the output takes: what a frame was made from, of all that a given source holds, or, where
   * none is given, what the series itself carries of it in its attributes. A writer that has this takes a template; an input of
   * the same format serves as its own. Disposed of by the host.
   * @throws {HilumError} INVALID_JOB where there is no source and the series carries too little; as {@link SeriesReader.open}.
   */
  openTemplate?(series: SeriesSpec, source: Source | undefined, context: CodecContext): Promise<ImageSeries>;
  /** Finds what would fail, before anything is written. */
  check?(request: WriteRequest<Options>): readonly PlanProblem[];
  /**
   * Pulls the slabs, in order of phase and slice, and writes the series. The writer sets the pace: a slab is lent until
   * the next is asked for. On any error it just throws; the host takes everything away.
   */
  write(
    request: WriteRequest<Options>,
    slabs: AsyncIterable<Slab>,
    sink: Sink,
    context: CodecContext,
  ): Promise<WriteSummary | undefined>;
}

/** A format in, a format out, or both. Resolved by dependency injection under `Tokens.FormatCodec`. */
export interface FormatCodec {
  /** Short and stable, e.g. "dicom". */
  readonly id: string;
  /** For people, e.g. "DICOM series". */
  readonly title: string;
  /** File name endings with their dot, lower case; empty for a directory format. The first is the usual one. */
  readonly extensions: readonly string[];
  readonly mediaTypes: readonly string[];
  // The registry holds codecs of every option type; the schema that stands beside each function keeps them together.
  // oxlint-disable-next-line typescript/no-explicit-any
  readonly reader?: SeriesReader<any>;
  // oxlint-disable-next-line typescript/no-explicit-any
  readonly writer?: SeriesWriter<any>;
}
