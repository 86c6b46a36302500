export { phantomInput, scanInput } from "./codec-input.ts";
export type { CodecInput } from "./codec-input.ts";
export { describeCodec } from "./describe-codec.ts";
export type { CodecUnderTest } from "./describe-codec.ts";
export { describeProcessor } from "./describe-processor.ts";
export type { ProcessorLaws } from "./describe-processor.ts";
export { describeReader } from "./describe-reader.ts";
export type { ReaderUnderTest } from "./describe-reader.ts";
