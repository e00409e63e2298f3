/** Who is signed in on this phone, and how a stale token becomes a fresh one, once. */
import { computed, ref } from "vue";
import { forgetKept } from "./api/kept";
import { Offline, Problem } from "./api/problem";

/** What the service gives on signing in and on renewing. */
export interface Tokens {
  access_token: string;
  access_expires_in_s: number;
  refresh_token: string;
  refresh_expires_in_s: number;
}

interface Stored {
  access: string;
  accessUntil: number;
  refresh: string;
}

type Renew = (refresh: string, device: string) => Promise<Tokens>;

const PLACE = "puhui.session";
const DEVICE = "puhui.device";
const EARLY_MS = 30_000;

const stored = ref<Stored | null>(read());
const ended = ref<"" | "expired" | "left">("");
const farewells: (() => void)[] = [];

/** This phone's own name for itself; random, and kept when a person signs out. */
export function deviceId(): string {
  const known = localStorage.getItem(DEVICE);
  if (known) return known;
  const made = crypto.randomUUID();
  localStorage.setItem(DEVICE, made);
  return made;
}

export const session = {
  signedIn: computed(() => stored.value !== null),
  ended,

  /** Somebody signed in. */
  begin(tokens: Tokens): void {
    ended.value = "";
    write({
      access: tokens.access_token,
      accessUntil: Date.now() + tokens.access_expires_in_s * 1000,
      refresh: tokens.refresh_token,
    });
  },

  /** Come in with an access token alone, as a developer does. */
  beginWith(access: string): void {
    const life = Math.max(0, expiryOf(access) - Date.now());
    const seconds = Math.floor(life / 1000);
    session.begin({
      access_token: access,
      access_expires_in_s: seconds,
      refresh_token: "",
      refresh_expires_in_s: seconds,
    });
  },

  /** Leave, or be shown out: nothing personal stays on the phone. */
  end(why: "expired" | "left"): void {
    if (stored.value === null) return;
    ended.value = why;
    write(null);
    forgetKept();
    farewells.forEach((each) => each());
  },

  /** What else has to be forgotten when a person leaves. */
  onEnd(farewell: () => void): void {
    farewells.push(farewell);
  },

  /** The token to send; renewed shortly before it ends. */
  async token(renew: Renew): Promise<string> {
    const now = stored.value;
    if (now === null) return "";
    const fresh = now.accessUntil - EARLY_MS > Date.now();
    return fresh || !now.refresh ? now.access : await session.renewed(now.access, renew);
  },

  /**
   * A token that is not `stale`. Tabs and requests wait for each other: a refresh token works
   * once, and using it twice would end the session everywhere.
   */
  async renewed(stale: string, renew: Renew): Promise<string> {
    return await navigator.locks.request("puhui.renew", async () => {
      const now = read();
      if (now === null || now.access !== stale) {
        stored.value = now;
        return now?.access ?? "";
      }
      if (!now.refresh) return "";
      try {
        session.begin(await renew(now.refresh, deviceId()));
        return stored.value?.access ?? "";
      } catch (error) {
        if (error instanceof Offline) throw error;
        if (error instanceof Problem && error.isPassing) throw error;
        session.end("expired");
        return "";
      }
    });
  },
};

window.addEventListener("storage", (event) => {
  if (event.key !== PLACE) return;
  const now = read();
  if (now === null && stored.value !== null) ended.value = "expired"; // in another tab
  stored.value = now;
});

function read(): Stored | null {
  try {
    return JSON.parse(localStorage.getItem(PLACE) ?? "null") as Stored | null;
  } catch {
    return null;
  }
}

function write(value: Stored | null): void {
  if (value === null) localStorage.removeItem(PLACE);
  else localStorage.setItem(PLACE, JSON.stringify(value));
  stored.value = value;
}

function expiryOf(token: string): number {
  try {
    const middle = (token.split(".")[1] ?? "").replace(/-/g, "+").replace(/_/g, "/");
    const claims = JSON.parse(atob(middle)) as { exp?: number };
    return (claims.exp ?? 0) * 1000;
  } catch {
    return 0;
  }
}
