const BEARER = /^Bearer ([\w-]{1,256})$/i;
const BASIC = /^Basic ([A-Za-z0-9+/]{1,1024}={0,2})$/i;

/**
 * The token of an Authorization header (RFC 6750; RFC 7617 with the token as password, whoever the user is).
 * A browser sends Basic credentials again on its own, also for another page, so it is only for routes that change nothing.
 */
export function sentToken(header: string | undefined, basic: boolean): string | undefined {
  if (header === undefined) return undefined;
  const bearer = BEARER.exec(header)?.[1];
  if (bearer !== undefined || !basic) return bearer;
  const credentials = BASIC.exec(header)?.[1];
  if (credentials === undefined) return undefined;
  const text = Buffer.from(credentials, "base64").toString("utf8");
  return text.slice(text.indexOf(":") + 1);
}
