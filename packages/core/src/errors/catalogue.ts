/** What kind of fault it is; decides exit status and HTTP status. */
export type ErrorCategory =
  | "request"
  | "missing"
  | "unsupported"
  | "data"
  | "plugin"
  | "resource"
  | "output"
  | "batch"
  | "internal";

/** Exit status and HTTP status of each category. */
export const CATEGORY_STATUS: Readonly<Record<ErrorCategory, { readonly exit: number; readonly http: number }>> = Object.freeze({
  internal: { exit: 1, http: 500 },
  request: { exit: 2, http: 400 },
  missing: { exit: 3, http: 404 },
  unsupported: { exit: 4, http: 415 },
  data: { exit: 5, http: 422 },
  plugin: { exit: 6, http: 500 },
  resource: { exit: 7, http: 507 },
  output: { exit: 8, http: 500 },
  batch: { exit: 10, http: 207 },
});

/** Every error code. Codes are API; messages and remedies may change. `remedy` is said where the thrower knows no better. */
export const ERROR_CATALOGUE = Object.freeze({
  USAGE: { category: "request", remedy: "Run the command with --help to see what it takes." },
  INVALID_JOB: { category: "request", remedy: "Correct the steps of the job; `hilum jobs` shows entries that work." },
  INVALID_CONFIG: { category: "request", remedy: "Correct the value; --help lists the keys with their units and defaults." },
  AMBIGUOUS_INPUT: { category: "request", remedy: "Give a directory that holds one series; `hilum inspect` lists what is in this one." },
  SOURCE_NOT_FOUND: { category: "missing", remedy: "Check the path." },
  UNKNOWN_CODEC: { category: "missing", remedy: "`hilum plugins` lists the codecs there are." },
  UNKNOWN_PROCESSOR: { category: "missing", remedy: "`hilum plugins` lists the processors there are." },
  UNKNOWN_JOB: { category: "missing", remedy: "`hilum jobs` lists the jobs there are." },
  UNKNOWN_PLUGIN: { category: "missing", remedy: "Give the path of a module or the name of an installed package." },
  UNRECOGNIZED_FORMAT: { category: "unsupported", remedy: "`hilum plugins` lists the formats that can be read." },
  UNSUPPORTED_TRANSFER_SYNTAX: { category: "unsupported", remedy: "Convert the files to a transfer syntax that is read first, e.g. to an uncompressed one with dcmconv or gdcmconv --raw." },
  UNSUPPORTED_WRITE: { category: "unsupported", remedy: "Choose another output format." },
  UNSUPPORTED_VOXEL_FORMAT: { category: "unsupported", remedy: "Convert the images first, e.g. to uncompressed greyscale; the README says which forms are read." },
  MALFORMED_FILE: { category: "data", remedy: "Fetch the file again from its archive; it breaks the format's rules." },
  MISSING_ATTRIBUTE: { category: "data", remedy: "Fetch the series again from its archive; an attribute that the image needs is not there." },
  IRREGULAR_GEOMETRY: { category: "data", remedy: "`hilum inspect` shows the slice positions; complete the series or remove what does not belong to it." },
  MIXED_SERIES: { category: "data", remedy: "Separate the files, so that the directory holds one series of one patient." },
  TRUNCATED_PIXEL_DATA: { category: "data", remedy: "Fetch the file again from its archive; it was cut." },
  TEMPLATE_MISMATCH: { category: "data", remedy: "Give the DICOM directory that the file was made from." },
  PLUGIN_LOAD_FAILED: { category: "plugin", remedy: "Run the plugin's own tests; the host starts without it when --plugin is left out." },
  PLUGIN_INCOMPATIBLE: { category: "plugin", remedy: "Install a version of the plugin that was made for this host." },
  PLUGIN_CONFLICT: { category: "plugin", remedy: "Leave one of the two plugins out." },
  KERNEL_FAILED: { category: "plugin", remedy: "Report it to the author of the plugin, with the code and the step's name." },
  MEMORY_BUDGET_EXCEEDED: { category: "resource", remedy: "Give the host a larger memory budget." },
  STORAGE_FULL: { category: "resource", remedy: "Free space on the output's file system, or choose another." },
  OUTPUT_EXISTS: { category: "resource", remedy: "Choose another output path, or remove what is there; nothing is ever overwritten.", http: 409 },
  OUTPUT_NOT_WRITABLE: { category: "resource", remedy: "Check that the output's directory exists and may be written to." },
  QUEUE_FULL: { category: "resource", remedy: "Try again later; the answer says when.", http: 429 },
  IDEMPOTENCY_MISMATCH: { category: "request", remedy: "Use a new Idempotency-Key for a new request.", http: 409 },
  JOB_TIMED_OUT: { category: "resource", remedy: "Give the service a longer time for each job, or the job less to do." },
  JOB_CRASHED: { category: "plugin", remedy: "Read the job's log; report it to the author of the plugin that crashed." },
  DATA_DIRECTORY_IN_USE: { category: "resource", remedy: "Stop the other server first, or give this one a --data of its own.", http: 409 },
  FORBIDDEN_PATH: { category: "request", remedy: "Name a path inside one of the service's roots.", http: 403 },
  UNAUTHORIZED: { category: "request", remedy: "Send the token that the server printed at its first start: `Authorization: Bearer …`.", http: 401 },
  VERIFICATION_FAILED: { category: "output", remedy: "Nothing was published. Report it with the rule that is named." },
  NON_FINITE_VOXELS: { category: "output", remedy: "Correct the step that made NaN or infinity; nothing was published." },
  BATCH_PARTIAL: { category: "batch", remedy: "The report names each input that failed, and why." },
  INTERNAL: { category: "internal", remedy: "This is a defect of Hilum: report it with the command and --debug's output." },
} as const satisfies Record<string, { category: ErrorCategory; remedy: string; http?: number }>);

/** A code of the catalogue. */
export type ErrorCode = keyof typeof ERROR_CATALOGUE;
