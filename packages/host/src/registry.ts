import { HilumError, nearestName, type ErrorCode } from "@hilum/core";

/** What is registered under an id, and which plugin brought it. */
export interface Registration<T> {
  readonly value: T;
  /** "name version" of the plugin, or "the program" for what was added by hand. */
  readonly origin: string;
}

/** Things of one kind by their id, in the order in which they came. */
export class Registry<T> {
  readonly #entries = new Map<string, Registration<T>>();
  readonly #kind: string;
  readonly #unknownCode: ErrorCode;

  constructor(kind: string, unknownCode: ErrorCode) {
    this.#kind = kind;
    this.#unknownCode = unknownCode;
  }

  /** @throws {HilumError} PLUGIN_CONFLICT when the id is taken. */
  add(id: string, value: T, origin: string): void {
    const taken = this.#entries.get(id);
    if (taken !== undefined)
      throw new HilumError("PLUGIN_CONFLICT", `${this.#kind} "${id}" comes from ${taken.origin} and from ${origin}.`, {
        details: { kind: this.#kind, id },
      });
    this.#entries.set(id, { value, origin });
  }

  /** @throws {HilumError} UNKNOWN_… with what is known and the nearest id. */
  get(id: string): T {
    return this.registration(id).value;
  }

  registration(id: string): Registration<T> {
    const found = this.#entries.get(id);
    if (found !== undefined) return found;
    throw unknownName(this.#kind, this.#unknownCode, id, this.ids());
  }

  has(id: string): boolean {
    return this.#entries.has(id);
  }

  ids(): readonly string[] {
    return [...this.#entries.keys()];
  }

  list(): readonly T[] {
    return [...this.#entries.values()].map((entry) => entry.value);
  }
}

/** The error for a name that nothing is registered under. */
export function unknownName(kind: string, code: ErrorCode, name: string, known: readonly string[]): HilumError {
  const nearest = nearestName(name, known);
  const guess = nearest === undefined ? "" : ` Did you mean "${nearest}"?`;
  const list = known.length === 0 ? "none" : known.join(", ");
  return new HilumError(code, `There is no ${kind} "${name}".${guess}`, {
    details: { known, ...(nearest === undefined ? {} : { nearest }) },
    remedy: `Known: ${list}.`,
  });
}
