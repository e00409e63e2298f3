/** Claims for missing trips, and appeals about acts: one shape, two lists. */
import type { Answer } from "./api/shapes";
import { dayOf, daysBefore, momentOf } from "./format";
import type { Word } from "./words";

export type Appeal = Answer<"/v1/me/appeals", "get">["items"][number];
export type Tone = "good" | "wait" | "bad" | "calm";

/** How far back a trip may be claimed. */
const REACHES_BACK_DAYS = 89;

const LOOKS: Record<Appeal["state"], { word: Word; tone: Tone }> = {
  open: { word: "appeal_open", tone: "wait" },
  assigned: { word: "appeal_assigned", tone: "calm" },
  accepted: { word: "appeal_accepted", tone: "good" },
  refused: { word: "appeal_refused", tone: "bad" },
};

/** The word and colour of a state. */
export function lookOf(state: Appeal["state"]) {
  return LOOKS[state];
}

/** Whether an answer is still to come. */
export function isWaiting(state: Appeal["state"]): boolean {
  return state === "open" || state === "assigned";
}

/** Where one of them is shown. */
export function pathOf(appeal: Pick<Appeal, "kind" | "id">): string {
  return `/appeals/${appeal.kind === "act" ? "act" : "trip"}/${appeal.id}`;
}

/** When a trip was, as people remember it: hours of the day, from and until. */
export const PARTS: { value: string; word: Word; from: number; until: number }[] = [
  { value: "morning", word: "part_morning", from: 5, until: 12 },
  { value: "afternoon", word: "part_afternoon", from: 12, until: 18 },
  { value: "evening", word: "part_evening", from: 18, until: 24 },
  { value: "day", word: "part_day", from: 0, until: 24 },
];

export interface Window {
  from: Date;
  until: Date;
}

/** A part of a day as a window that has passed; null if it has not begun. */
export function windowOf(day: string, part: string, now = new Date()): Window | null {
  const found = PARTS.find((each) => each.value === part);
  if (!found || !/^\d{4}-\d{2}-\d{2}$/.test(day)) return null;
  const [from, end] = [momentOf(day, found.from), momentOf(day, found.until)];
  const until = end < now ? end : now;
  return from < until ? { from, until } : null;
}

/** The days for which a trip may be claimed. */
export function claimableDays(): { first: string; last: string } {
  const last = dayOf(new Date());
  return { first: daysBefore(last, REACHES_BACK_DAYS), last };
}
