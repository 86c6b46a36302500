import { TransportError } from "./problem.ts";

const LOOPBACK_NAMES = ["localhost", "127.0.0.1", "[::1]"];
const HOST = /^(\[[0-9a-f:.]{2,45}\]|[a-z0-9._-]{1,253})(?::\d{1,5})?$/;

/**
 * Accepts requests for known host names only, so that a web page cannot reach the server under a name of its own (DNS rebinding).
 * @param names further host names, without ports; IPv6 addresses in brackets.
 * @returns a check of a Host header, which throws a {@link TransportError} of status 421.
 */
export function createHostCheck(names: readonly string[]): (header: string | undefined) => void {
  const known = new Set([...LOOPBACK_NAMES, ...names.map((name) => name.toLowerCase())]);
  return (header) => {
    const name = HOST.exec((header ?? "").toLowerCase())?.[1];
    if (name === undefined || !known.has(name))
      throw new TransportError(421, "MISDIRECTED", "This server does not answer for the host that was asked for.", "Use the address that the server printed, or start it with --allow-host.");
  };
}
