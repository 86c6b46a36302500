export * from "@hilum/core";
export * from "@hilum/host";
export { defaultPlugins } from "./default-plugins.ts";
