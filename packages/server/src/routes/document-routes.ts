import { createHash } from "node:crypto";
import { apiPage, PAGE_STYLE } from "../api-page.ts";
import type { App } from "../server-context.ts";

const STYLE_DIGEST = createHash("sha256").update(PAGE_STYLE).digest("base64");
const PAGE_POLICY = `default-src 'none'; style-src 'sha256-${STYLE_DIGEST}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`;

/** The OpenAPI document, and a page for people that is made from it. */
export function addDocumentRoutes(app: App): void {
  const config = { unaudited: true, browser: true };
  app.get("/openapi.json", { config, schema: { hide: true } }, (_, reply) => reply.type("application/json").send(JSON.stringify(app.swagger())));
  app.get("/docs", { config, schema: { hide: true } }, (_, reply) => reply.type("text/html; charset=utf-8").header("content-security-policy", PAGE_POLICY).send(apiPage(app.swagger())));
}
