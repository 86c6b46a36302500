/** The version of this plugin; the same as in its package.json. */
export const VERSION = "0.1.0";

/** Major version of the file layout that is written and read. */
export const LAYOUT_VERSION = "1";
