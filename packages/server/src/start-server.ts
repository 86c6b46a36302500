import { isIPv6, type AddressInfo } from "node:net";
import { HilumError } from "@hilum/core";
import { createServer, type ServerOptions } from "./create-server.ts";
import { checkBinding } from "./loopback.ts";

/** Where a server listens. */
export interface ListenOptions {
  /** Default 127.0.0.1. */
  readonly address?: string;
  /** 0 for any that is free. */
  readonly port: number;
}

/** A server that listens. */
export interface RunningServer extends AsyncDisposable {
  /** e.g. "http://127.0.0.1:8460". */
  readonly url: string;
}

/** Downloads that are under way when the server stops get so long to end. */
const CLOSING_MS = 5000;

/**
 * Creates a server and listens. Disposing of it ends event streams, lets answers go out, and closes.
 * @throws {HilumError} USAGE when other machines could reach it without TLS or a proxy, or the address is taken; as `createServer`.
 */
export async function startServer(options: ServerOptions, { address = "127.0.0.1", port }: ListenOptions): Promise<RunningServer> {
  checkBinding(address, { tls: options.tls !== undefined, behindProxy: options.behindProxy ?? false });
  const name = isIPv6(address) ? `[${address}]` : address;
  const app = await createServer({ ...options, allowedHosts: [name, ...(options.allowedHosts ?? [])] });
  try {
    await app.listen({ host: address, port });
  } catch (cause) {
    await app.close();
    throw new HilumError("USAGE", "The server cannot listen on this address and port.", { cause, remedy: "Another program may use the port: choose one with --port." });
  }
  const { port: actual } = app.server.address() as AddressInfo;
  return {
    url: `${options.tls === undefined ? "http" : "https"}://${name}:${actual}`,
    async [Symbol.asyncDispose]() {
      const patience = setTimeout(() => app.server.closeAllConnections(), CLOSING_MS);
      await app.close();
      clearTimeout(patience);
    },
  };
}
