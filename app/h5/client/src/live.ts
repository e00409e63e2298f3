/**
 * News of the caller: the service's stream where it has one, else a look at the wallet now and
 * then. Screens only hear that something is new, and ask for themselves.
 */
import { ref, watch } from "vue";
import { get, stream } from "./api/client";
import { Problem } from "./api/problem";
import { isOnline } from "./online";
import { session } from "./session";

export type News = "points" | "coupon" | "message" | "written";

const LOOK_MS = 4_000;
const REST_MS = 1_000; // after a stream that ended as it should
const EVENTS: Record<string, News> = {
  points_arrived: "points",
  act_credited: "points",
  coupon_changed: "coupon",
  message: "message",
  resync: "points",
};

/** How news come at this moment. */
export const hears = ref<"stream" | "looks" | "nothing">("nothing");

const listeners = new Set<(what: News) => void>();
let running: AbortController | null = null;
let version = -1;
let held = -1;
let lastId = "";

/** Hear of news; returns how to stop. */
export function onNews(listener: (what: News) => void): () => void {
  listeners.add(listener);
  return () => void listeners.delete(listener);
}

/** Tell every screen. */
export function tell(what: News): void {
  listeners.forEach((each) => each(what));
}

/** Listen while somebody is signed in and the page is seen. */
export function watchNews(): void {
  watch(session.signedIn, restart, { immediate: true });
  document.addEventListener("visibilitychange", restart);
  isOnline.onBack(restart);
}

function restart(): void {
  running?.abort();
  running = null;
  hears.value = "nothing";
  if (!session.signedIn.value) {
    version = held = -1;
    lastId = "";
    return;
  }
  if (document.visibilityState === "visible") {
    running = new AbortController();
    void listen(running.signal);
  }
}

async function listen(signal: AbortSignal): Promise<void> {
  let after: After = "again";
  await look(); // what is known at the start is no news later
  while (!signal.aborted) {
    if (after === "never") await look();
    else after = await follow(signal);
    await pause(after === "again" ? REST_MS : LOOK_MS, signal);
  }
}

/** When a stream is worth another try. */
type After = "again" | "later" | "never";

/** Read the stream until it ends. */
async function follow(signal: AbortSignal): Promise<After> {
  try {
    const answer = await stream("/v1/me/events", lastId, signal);
    if (answer.body === null) return "never";
    hears.value = "stream";
    await look(); // what came while nobody listened
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = "";
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return "again";
      const parts = (rest + value.replace(/\r\n/g, "\n")).split("\n\n");
      rest = parts.pop() ?? "";
      parts.forEach(hear);
    }
  } catch (error) {
    if (!signal.aborted) await look(); // one tab too many listens, or nobody is there: it looks instead
    return error instanceof Problem && error.isMissingRoute ? "never" : "later";
  } finally {
    hears.value = "nothing";
  }
}

/** One event of the stream. */
function hear(block: string): void {
  let kind = "message";
  for (const line of block.split("\n")) {
    if (line.startsWith("event:")) kind = line.slice(6).trim();
    if (line.startsWith("id:")) lastId = line.slice(3).trim();
  }
  const what = EVENTS[kind];
  if (what && block.includes("data:")) tell(what);
}

/** The wallet's number tells whether anything was booked, what is held whether a coupon moved. */
async function look(): Promise<void> {
  try {
    const wallet = await get("/v1/me/wallet");
    if (hears.value !== "stream") hears.value = "looks";
    if (version >= 0 && wallet.version !== version) tell("points");
    else if (held >= 0 && wallet.held !== held) tell("coupon");
    version = wallet.version;
    held = wallet.held;
  } catch {
    hears.value = "nothing";
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((done) => {
    const timer = window.setTimeout(done, ms);
    signal.addEventListener("abort", () => {
      window.clearTimeout(timer);
      done();
    });
  });
}
