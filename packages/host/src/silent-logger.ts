import type { Logger } from "@hilum/core";

/** A logger that says nothing: what a host uses until a program binds its own. */
export const silentLogger: Logger = Object.freeze({ debug() {}, info() {}, warn() {} });
