export { API_VERSION, definePlugin } from "./contracts/plugin.ts";
export type { Contributions, HilumPlugin, PluginDeclaration, Requirements, Resolved } from "./contracts/plugin.ts";
export { NO_CONFIG } from "./contracts/config-schema.ts";
export type { ConfigIssue, ConfigResult, ConfigSchema } from "./contracts/config-schema.ts";
export type { CodecContext, Logger, Warning } from "./contracts/context.ts";
export type { DerivedInstance, FormatCodec, PlanProblem, SeriesReader, SeriesWriter, SourcePart, WriteRequest, WriteSummary } from "./contracts/format-codec.ts";
export type { AnyJobProcessor, JobProcessor, Measure, ProcessorCall } from "./contracts/job-processor.ts";
export type { JobDefinition, JobSpec, Step } from "./contracts/job.ts";
export type { JobEvent, JobReport } from "./contracts/report.ts";
export type { Sink, SinkFile } from "./contracts/sink.ts";
export type { Source, SourceFile } from "./contracts/source.ts";
export { CATEGORY_STATUS, ERROR_CATALOGUE } from "./errors/catalogue.ts";
export type { ErrorCategory, ErrorCode } from "./errors/catalogue.ts";
export { HilumError, isHilumError } from "./errors/hilum-error.ts";
export type { HilumErrorOptions } from "./errors/hilum-error.ts";
export type { DicomJson, DicomJsonElement, SeriesAttributes, TagSelection } from "./model/dicom-json.ts";
export { affineLps, affineRas, cross, dot, indexToPatient, norm, patientToIndex, scaleBy, subtract } from "./model/geometry.ts";
export type { Affine, Mat3, Vec3, VolumeGeometry } from "./model/geometry.ts";
export type { Json } from "./model/json.ts";
export { frameAt } from "./model/series.ts";
export type {
  Derivation,
  Frame,
  FrameRef,
  FrameValues,
  ImageSeries,
  MeasureScope,
  Phase,
  ProcessingStep,
  SeriesMetadata,
  SeriesSpec,
} from "./model/series.ts";
export { IDENTITY_MAP, slabOver, sliceLengthOf } from "./model/voxels.ts";
export type { ComponentType, LinearMap, Slab, SliceRange, VolumeSpec, VoxelFormat, VoxelRange } from "./model/voxels.ts";
export { nearestName } from "./nearest-name.ts";
export { createToken, Tokens } from "./tokens.ts";
export type { Clock, Token } from "./tokens.ts";
