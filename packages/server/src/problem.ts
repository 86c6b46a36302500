import { STATUS_CODES } from "node:http";
import { HilumError, isHilumError } from "@hilum/core";

/** A request that HTTP itself refuses, where the catalogue of errors has no code: wrong route, too large, too often. */
export class TransportError extends Error {
  readonly code: string;
  readonly status: number;
  readonly remedy: string;

  constructor(status: number, code: string, message: string, remedy: string) {
    super(message);
    this.name = "TransportError";
    this.status = status;
    this.code = code;
    this.remedy = remedy;
  }
}

/** The body of an answer that tells of an error (RFC 9457, application/problem+json). */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  /** A code of the error catalogue, or of the transport. */
  readonly code: string;
  readonly remedy: string;
}

export const PROBLEM_MEDIA_TYPE = "application/problem+json";

const SEE_DOCS = "GET /docs shows what each route takes.";

// What is wrong may quote keys of the request, however many and long.
const SHOWN_FAULTS = 5;
const SHOWN_LENGTH = 200;

/** The parts of Fastify's own errors that decide about the answer. */
interface FrameworkError {
  readonly code?: string;
  readonly statusCode?: number;
  readonly validation?: readonly { readonly instancePath?: string; readonly message?: string }[];
  readonly validationContext?: string;
}

/** What a client is told of an error: never a stack, a path, or what an unknown error said. */
export function problemOf(error: unknown): Problem {
  if (isHilumError(error)) return problem(error.httpStatus, error.code, error.message, error.remedy);
  if (error instanceof TransportError) return problem(error.status, error.code, error.message, error.remedy);
  const known = frameworkProblem(error as FrameworkError);
  if (known !== undefined) return known;
  const defect = new HilumError("INTERNAL", "Something failed that should not be able to.", { remedy: "This is a defect of Hilum: report it with the route and the time." });
  return problem(defect.httpStatus, defect.code, defect.message, defect.remedy);
}

function problem(status: number, code: string, detail: string, remedy: string): Problem {
  return { type: `urn:hilum:problem:${code}`, title: STATUS_CODES[status] ?? "Error", status, detail, code, remedy };
}

function frameworkProblem({ code, statusCode, validation, validationContext }: FrameworkError): Problem | undefined {
  if (validation !== undefined) {
    const faults = validation.slice(0, SHOWN_FAULTS).map(({ instancePath = "", message = "is wrong" }) => `${instancePath === "/" ? "" : `${instancePath}: `}${message}`.slice(0, SHOWN_LENGTH));
    return problem(400, "USAGE", `The ${validationContext === "querystring" ? "query" : (validationContext ?? "request")} is wrong: ${faults.join("; ")}.`, SEE_DOCS);
  }
  switch (code) {
    case "FST_ERR_CTP_BODY_TOO_LARGE":
      return problem(413, "BODY_TOO_LARGE", "The body is larger than this server takes.", SEE_DOCS);
    case "FST_ERR_CTP_INVALID_MEDIA_TYPE":
      return problem(415, "MEDIA_TYPE", "The body is not application/json.", "Send JSON, with `Content-Type: application/json`.");
    case "FST_ERR_BAD_URL":
      return problem(400, "BAD_URL", "The path of the URL cannot be decoded.", SEE_DOCS);
  }
  // Everything else that the framework or its JSON parser blames on the client: a body that is no JSON, or would change prototypes.
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500) return problem(statusCode, "BAD_REQUEST", "The request cannot be understood.", SEE_DOCS);
  if (statusCode === 503) return problem(503, "SHUTTING_DOWN", "The server is shutting down.", "Try again in a moment.");
  return undefined;
}
