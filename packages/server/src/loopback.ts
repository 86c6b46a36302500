import { BlockList, isIP } from "node:net";
import { HilumError } from "@hilum/core";

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet("127.0.0.0", 8, "ipv4");
LOOPBACK.addAddress("::1", "ipv6");

/** Whether only programs on this machine can reach an address. */
export function isLoopback(address: string): boolean {
  const version = isIP(address);
  return version === 0 ? address === "localhost" : LOOPBACK.check(address, version === 4 ? "ipv4" : "ipv6");
}

/**
 * Refuses to carry tokens and images over a network in the clear.
 * @throws {HilumError} USAGE for an address beyond this machine without TLS or a proxy that does it.
 */
export function checkBinding(address: string, protection: { readonly tls: boolean; readonly behindProxy: boolean }): void {
  if (isLoopback(address) || protection.tls || protection.behindProxy) return;
  throw new HilumError("USAGE", "An address that other machines can reach needs TLS.", {
    remedy: "Give --tls-cert and --tls-key, or --behind-proxy where a proxy before it does TLS; or leave --host out.",
  });
}
