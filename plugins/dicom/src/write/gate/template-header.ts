import { createElementTable, type ElementTable } from "../../scan/element-table.ts";
import { walkFragments } from "../../scan/fragments.ts";
import { scanDataSet } from "../../scan/scan-data-set.ts";
import type { DicomInstance } from "../../series/dicom-instance.ts";
import type { ScannedItem } from "../../series/frames/item-places.ts";
import { ruleBroken } from "./rule.ts";

/** The header of a template instance, from its file or from what its reader kept, and not from the writer. */
export class TemplateHeader implements ScannedItem {
  readonly table: ElementTable = createElementTable();
  bytes: Buffer = Buffer.alloc(0);
  explicitVr = true;

  /** Takes the next instance: all its elements but the value of Pixel Data, whose row says nothing of its length. */
  load({ file, head, pixel, dataSetStart, explicitVr }: DicomInstance): void {
    const bytes = head ?? readFrom(file, 0, pixel.offset);
    this.bytes = bytes;
    this.explicitVr = explicitVr;
    const end = scanDataSet(bytes, { bytesStart: 0, from: dataSetStart, fileSize: file.size, explicitVr, received: true }, this.table);
    if (!end.complete) {
      const behind = pixel.encapsulated ? walkFragments(file, pixel.offset) : end.resumeAt;
      this.bytes = Buffer.concat([bytes, readFrom(file, behind, file.size - behind)]);
      scanDataSet(this.bytes, { bytesStart: 0, from: bytes.length, fileSize: this.bytes.length, explicitVr, append: true, received: true }, this.table);
    }
    file.close();
  }
}

function readFrom(file: DicomInstance["file"], position: number, length: number): Buffer {
  const bytes = Buffer.alloc(length);
  if (file.read(bytes, position) < length) throw ruleBroken("the template is as it was");
  return bytes;
}
