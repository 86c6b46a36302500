import { HilumError } from "@hilum/core";

/** Where a file stands among those of its source, in order of names, from 1: its name could be a patient's. */
export interface FilePlace {
  readonly file: number;
  readonly files: number;
}

/** The same error, which also tells the file, where there are several. */
export function inFile(error: HilumError, { file, files }: FilePlace): HilumError {
  if (files === 1) return error;
  return new HilumError(error.code, `File ${file} of ${files} in order of names: ${error.message}`, {
    details: { ...error.details, file },
    remedy: error.remedy,
    cause: error,
  });
}
