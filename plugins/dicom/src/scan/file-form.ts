import type { SourceFile } from "@hilum/core";
import { bigEndianAsLittle } from "./big-endian-file.ts";
import { inflatedFile } from "./inflated-file.ts";
import type { FileMeta } from "./read-head.ts";
import { transferSyntaxOf } from "./transfer-syntaxes.ts";

/**
 * The file to read a data set from: the same file, or a view of it where the data set is deflated (PS3.5 A.5) or big endian
 * (A.3). From `dataSetStart` on its bytes are explicit or implicit little endian; what stands before is as in the file.
 * @throws {HilumError} MALFORMED_FILE when a deflated data set is damaged or a bomb, or a big-endian one breaks the caps.
 */
export function fileForm(file: SourceFile, { transferSyntaxUID, dataSetStart }: FileMeta): SourceFile {
  const syntax = transferSyntaxOf(transferSyntaxUID);
  if (syntax?.deflated === true) return inflatedFile(file, dataSetStart);
  if (syntax?.bigEndian === true) return bigEndianAsLittle(file, dataSetStart);
  return file;
}
