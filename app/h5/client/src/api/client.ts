/**
 * One way to the service: typed by its OpenAPI document, signed in, told in the reader's
 * language, and with every refusal as a `Problem`.
 */
import { language } from "../i18n";
import { isOnline } from "../online";
import { session, type Tokens } from "../session";
import { dated } from "../stale";
import { APP, outdated, update } from "../version";
import { kept, keep, type Kept } from "./kept";
import { Offline, Problem } from "./problem";
import type { Answer, Body, Doors, Method, PathsWith, Query, Values } from "./shapes";

const PATIENCE_MS = 15_000;

/** What goes with a call, beside its address and body. */
export interface Extras {
  values?: Values;
  key?: string;
  signal?: AbortSignal;
}

/** Read. What was read before is told apart by its ETag, and answered from here when offline. */
export async function get<P extends PathsWith<"get">>(
  path: P,
  options: { values?: Values; query?: Query<P>; signal?: AbortSignal } = {},
): Promise<Answer<P, "get">> {
  const url = address(path, options.values) + search(options.query);
  const before = kept(url);
  try {
    const answer = await call("get", url, {
      signal: options.signal,
      headers: before?.etag ? { "If-None-Match": before.etag } : {},
    });
    const same = answer.status === 304 && before;
    const body: unknown = same ? before.body : await answer.json();
    const etag = same ? before.etag : answer.headers.get("etag");
    keep(url, { body, etag, at: Date.now() });
    return dated(body as Answer<P, "get">, Date.now(), true);
  } catch (error) {
    if (error instanceof Offline && before) return dated(before.body as Answer<P, "get">, before.at, false);
    throw error;
  }
}

/** What was read last time, for the first glance; null if it never was. */
export function last<P extends PathsWith<"get">>(
  path: P,
  options: { values?: Values; query?: Query<P> } = {},
): Answer<P, "get"> | null {
  const found: Kept | null = kept(address(path, options.values) + search(options.query));
  return dated((found?.body ?? null) as Answer<P, "get"> | null, found?.at ?? 0, false);
}

/** Write. The key makes sending it again harmless. */
export async function send<M extends Exclude<Method, "get">, P extends PathsWith<M>>(
  method: M,
  path: P,
  body: Body<P, M>,
  extras: Extras = {},
): Promise<Answer<P, M>> {
  const answer = await sendRaw(method, address(path, extras.values), body, extras);
  return answer as Answer<P, M>;
}

/** The same for a write that waited, whose address is already whole. */
export async function sendRaw(
  method: Method,
  url: string,
  body: unknown,
  extras: Extras = {},
): Promise<unknown> {
  const headers: Values = { "Idempotency-Key": extras.key ?? newKey() };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  const text = body === undefined ? undefined : JSON.stringify(body);
  const answer = await call(method, url, { headers, body: text, signal: extras.signal });
  return answer.status === 204 ? undefined : await answer.json().catch(() => undefined);
}

/** A picture that only its owner may see. */
export async function picture(url: string): Promise<string> {
  try {
    const text = await (await call("get", url, { headers: {} })).text();
    keep(url, { body: text, etag: null, at: Date.now() });
    return text;
  } catch (error) {
    const before = kept(url);
    if (error instanceof Offline && before) return String(before.body);
    throw error;
  }
}

/** A file that only its owner may fetch. */
export async function bytes(url: string): Promise<Blob> {
  return await (await call("get", url, { headers: {}, patient: true })).blob();
}

/** The whole address of a door. */
export function address(path: keyof Doors, values: Values = {}): string {
  return path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(values[name] ?? ""));
}

/** A key for one intention. */
export function newKey(): string {
  return crypto.randomUUID();
}

/** A stream of the caller's news, if the service has one. */
export async function stream(url: string, lastId: string, signal: AbortSignal): Promise<Response> {
  const headers: Values = { Accept: "text/event-stream" };
  if (lastId) headers["Last-Event-ID"] = lastId;
  return await call("get", url, { headers, signal, patient: true });
}

interface Call {
  headers: Values;
  body?: string;
  signal?: AbortSignal;
  patient?: boolean;
}

async function call(method: Method, url: string, what: Call): Promise<Response> {
  let token = await session.token(renew);
  let answer = await once(method, url, what, token);
  if (answer.status === 401 && token) {
    token = await session.renewed(token, renew);
    if (token) answer = await once(method, url, what, token);
  }
  if (answer.ok || answer.status === 304) return answer;
  const problem = await Problem.of(answer);
  if (problem.status === 426) outdated.value = !(await update());
  if (problem.status === 401 && !url.startsWith("/v1/auth/")) session.end("expired");
  throw problem;
}

async function once(method: Method, url: string, what: Call, token: string): Promise<Response> {
  const headers: Values = { "Accept-Language": language.value, "Puhui-App": APP, ...what.headers };
  if (token && !url.startsWith("/v1/auth/")) headers["Authorization"] = `Bearer ${token}`;
  const patience = what.patient ? [] : [AbortSignal.timeout(PATIENCE_MS)];
  const signals = [...patience, ...(what.signal ? [what.signal] : [])];
  try {
    const answer = await fetch(url, {
      method: method.toUpperCase(),
      headers,
      body: what.body,
      signal: AbortSignal.any(signals),
      credentials: "omit",
      cache: "no-store",
    });
    isOnline.found(true);
    return answer;
  } catch (error) {
    if (what.signal?.aborted) throw error;
    if (!what.patient) isOnline.found(false); // a stream may be cut while all else works
    throw new Offline();
  }
}

/** Change a refresh token for a new pair. */
async function renew(refresh: string, device: string): Promise<Tokens> {
  const body = { refresh_token: refresh, device_id: device };
  const answer = await once(
    "post",
    "/v1/auth/sessions/refresh",
    { headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) },
    "",
  );
  if (!answer.ok) throw await Problem.of(answer);
  return (await answer.json()) as Tokens;
}

function search(query: unknown): string {
  const pairs = Object.entries((query ?? {}) as Record<string, unknown>)
    .filter(([, value]) => value !== undefined && value !== null && value !== "")
    .map(([name, value]) => [name, String(value)] as [string, string]);
  return pairs.length ? `?${new URLSearchParams(pairs)}` : "";
}
