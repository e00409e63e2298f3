/** The last answers, so that a page without a network still shows what was true a moment ago. */

export interface Kept {
  body: unknown;
  etag: string | null;
  at: number;
}

const PREFIX = "puhui.kept:";
const MOST = 60;

/** What was read last time from this address. */
export function kept(url: string): Kept | null {
  try {
    return JSON.parse(localStorage.getItem(PREFIX + url) ?? "null") as Kept | null;
  } catch {
    return null;
  }
}

/** Keep an answer; the oldest ones go when there are many. */
export function keep(url: string, answer: Kept): void {
  try {
    localStorage.setItem(PREFIX + url, JSON.stringify(answer));
    const mine = names();
    if (mine.length > MOST) {
      const age = (name: string) => kept(name.slice(PREFIX.length))?.at ?? 0;
      mine.sort((a, b) => age(a) - age(b));
      mine.slice(0, mine.length - MOST).forEach((name) => localStorage.removeItem(name));
    }
  } catch {
    forgetKept(); // the phone's storage is full: what is kept is only a comfort
  }
}

/** When this address was read last, in milliseconds; 0 if never. */
export function keptAt(url: string): number {
  return kept(url)?.at ?? 0;
}

/** Nothing of one person is shown to the next. */
export function forgetKept(): void {
  names().forEach((name) => localStorage.removeItem(name));
}

function names(): string[] {
  return Object.keys(localStorage).filter((name) => name.startsWith(PREFIX));
}
