/** What one client, and all of them together, may ask of a server. */
export interface ServerLimits {
  /** Largest request body. */
  readonly bodyBytes: number;
  /** Longest path with query, in characters. */
  readonly urlLength: number;
  /** Largest request head. */
  readonly headerBytes: number;
  /** Longest time for a request's head, and for all of it, to arrive. */
  readonly headersTimeoutMs: number;
  readonly requestTimeoutMs: number;
  /** Connections at one time; more are closed at once. */
  readonly connections: number;
  /** Requests of one address in a minute. */
  readonly requestsPerMinute: number;
  /** Event streams at one time. */
  readonly eventStreams: number;
  /** Silence after which an event stream says that it is alive. */
  readonly heartbeatMs: number;
}

/** Generous for the people of one department, small for a flood. */
export const DEFAULT_LIMITS: ServerLimits = Object.freeze({
  bodyBytes: 65_536,
  urlLength: 2048,
  headerBytes: 8192,
  headersTimeoutMs: 10_000,
  requestTimeoutMs: 20_000,
  connections: 512,
  requestsPerMinute: 1200,
  eventStreams: 128,
  heartbeatMs: 15_000,
});
