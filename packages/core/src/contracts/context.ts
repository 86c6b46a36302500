/** A note that does not stop a job but that a person should read. No patient values, no file names. */
export interface Warning {
  readonly code: string;
  readonly message: string;
}

/** Where plugins and the host say what they do. Messages carry no patient values, no paths, no file names. */
export interface Logger {
  debug(message: string): void;
  info(message: string): void;
  warn(message: string): void;
}

/** What the host gives to every call of a codec. */
export interface CodecContext {
  /** Aborted when the job is cancelled: stop soon and throw `signal.reason`. */
  readonly signal: AbortSignal;
  readonly logger: Logger;
  /** The one time of this job: everything that a job writes carries the same date and time. */
  readonly jobTime: Date;
  /** Adds a warning to the job's report. */
  warn(warning: Warning): void;
}
