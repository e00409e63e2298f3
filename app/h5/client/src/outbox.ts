/**
 * Writes that wait for a network. Each carries its Idempotency-Key from the moment a person
 * meant it, so however often it is sent, it happens once.
 */
import { ref } from "vue";
import { address, newKey, sendRaw } from "./api/client";
import { Offline, Problem } from "./api/problem";
import type { Answer, Body, Doors, Method, PathsWith, Values } from "./api/shapes";
import { tell } from "./live";
import { isOnline } from "./online";
import { session } from "./session";
import { toast } from "./toasts";
import { pick, t } from "./i18n";

/** One write that waits. */
export interface Waiting {
  key: string;
  method: Method;
  url: string;
  body: unknown;
  /** What a person reads about it, in both languages. */
  zh: string;
  en: string;
  at: number;
}

type Write = Exclude<Method, "get">;

const PLACE = "puhui.outbox";
const SOON_MS = 1_000;
const LATE_MS = 30_000;
/** A wish older than this is not carried out behind a person's back. */
const STALE_MS = 24 * 3_600_000;

let timer = 0;
let pauseMs = SOON_MS;

export const waiting = ref<Waiting[]>(read());

/** What a write led to: its answer, or the promise to send it later. */
export type Outcome<T> = { done: true; answer: T } | { done: false; key: string };

/** Write now if the network allows, else later. Refusals are thrown. */
export async function write<M extends Write, P extends PathsWith<M>>(
  method: M,
  path: P,
  body: Body<P, M>,
  said: { zh: string; en: string; values?: Values },
): Promise<Outcome<Answer<P, M>>> {
  const url = address(path as keyof Doors, said.values);
  const item = { key: newKey(), method, url, body, zh: said.zh, en: said.en, at: Date.now() };
  try {
    const answer = await sendRaw(method, url, body, { key: item.key });
    tell("written");
    return { done: true, answer: answer as Answer<P, M> };
  } catch (error) {
    if (!(error instanceof Offline)) throw error;
    put([...read(), item]);
    again(SOON_MS);
    return { done: false, key: item.key };
  }
}

/** Take a wish back, if it has not been sent. */
export function withdraw(key: string): void {
  put(read().filter((each) => each.key !== key));
}

/** Send what waits, oldest first; one tab at a time. What stays is tried again, ever later. */
export async function flush(): Promise<void> {
  window.clearTimeout(timer);
  if (!session.signedIn.value || read().length === 0) return;
  await navigator.locks.request("puhui.outbox", async () => {
    for (const item of read()) {
      if (!(await delivered(item))) return;
    }
    pauseMs = SOON_MS;
  });
  if (read().length > 0) again(pauseMs);
  pauseMs = Math.min(LATE_MS, pauseMs * 2);
}

function again(ms: number): void {
  window.clearTimeout(timer);
  timer = window.setTimeout(() => void flush(), ms);
}

async function delivered(item: Waiting): Promise<boolean> {
  if (Date.now() - item.at > STALE_MS) {
    withdraw(item.key);
    toast(t("wish_stale", { what: told(item) }), "bad");
    return true;
  }
  try {
    await sendRaw(item.method, item.url, item.body, { key: item.key });
  } catch (error) {
    if (error instanceof Offline || (error instanceof Problem && error.isPassing)) return false;
    if (!(error instanceof Problem)) throw error;
    if (error.status === 401) return false;
    withdraw(item.key);
    toast(`${told(item)} · ${error.message}`, "bad");
    return true;
  }
  withdraw(item.key);
  toast(t("wish_done", { what: told(item) }), "good");
  tell("written");
  return true;
}

/** Begin to watch: when the network is back, now and then, and in other tabs. */
export function watchOutbox(): void {
  isOnline.onBack(() => {
    pauseMs = SOON_MS;
    return flush();
  });
  window.addEventListener("storage", (event) => {
    if (event.key !== PLACE) return;
    const gone = waiting.value.filter((each) => !read().some((kept) => kept.key === each.key));
    waiting.value = read();
    if (gone.length === 0) return;
    if (session.signedIn.value) tell("written"); // another tab has sent it
    else gone.forEach(lost);
  });
  session.onEnd(() => {
    if (session.ended.value === "expired") read().forEach(lost);
    put([]);
  });
  void flush();
}

/** The session ended before it was sent; it must never go out under another name. */
function lost(item: Waiting): void {
  toast(t("wish_lost", { what: told(item) }), "bad");
}

function told(item: Waiting): string {
  return pick(item.zh, item.en);
}

function read(): Waiting[] {
  try {
    return JSON.parse(localStorage.getItem(PLACE) ?? "[]") as Waiting[];
  } catch {
    return [];
  }
}

function put(items: Waiting[]): void {
  localStorage.setItem(PLACE, JSON.stringify(items));
  waiting.value = items;
}
