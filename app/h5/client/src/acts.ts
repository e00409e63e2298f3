/** What happened, in one shape: the feed's items, and the credited acts of the last days. */
import { get } from "./api/client";
import type { Schemas } from "./api/shapes";
import { dayOf, daysBefore } from "./format";
import { pick, wide } from "./i18n";
import { madeOf } from "./stale";

export interface Act {
  id: string;
  kind: Schemas["FeedItem"]["kind"];
  at: string;
  day: string;
  title: string;
  subtitle: string;
  scenario: string | null;
  grams: number | null;
  points: number | null;
  corrected: boolean;
  /** What stands between it and its points, if anything does. */
  waits: "review" | "answer" | "refused" | null;
  /** The day by which somebody answers. */
  expected: string | null;
  /** The id to ask the explanation with; empty without one. */
  explained: string;
}

export interface ActPage {
  items: Act[];
  next_cursor: string | null;
}

const PAGE = 30;
const WEEK_PAGES = 4;

/** A page of the feed, newest first. */
export async function actPage(cursor: string | undefined, signal: AbortSignal): Promise<ActPage> {
  const page = await get("/v1/me/feed", { query: { cursor, limit: PAGE }, signal });
  return madeOf({ items: page.items.map(ofFeed), next_cursor: page.next_cursor }, [page]);
}

/** A page of credited acts. */
async function creditedPage(
  cursor: string | undefined,
  limit: number,
  signal: AbortSignal,
): Promise<ActPage> {
  const page = await get("/v1/me/reductions", { query: { cursor, limit }, signal });
  return madeOf({ items: page.items.map(ofReduction), next_cursor: page.next_cursor }, [page]);
}

export interface Day {
  day: string;
  grams: number;
  points: number;
}

export interface Week {
  days: Day[];
  acts: Act[];
}

/** The last seven civil days, today last, and the acts that made them. */
export async function week(signal: AbortSignal): Promise<Week> {
  const today = dayOf(new Date());
  const days = [6, 5, 4, 3, 2, 1, 0].map((count) => ({ day: daysBefore(today, count), grams: 0, points: 0 }));
  const since = days[0]?.day ?? today;
  const acts: Act[] = [];
  const read: ActPage[] = [];
  let cursor: string | undefined;
  for (let pages = 0; pages < WEEK_PAGES; pages++) {
    const page = await creditedPage(cursor, 100, signal);
    read.push(page);
    acts.push(...page.items);
    cursor = page.next_cursor ?? undefined;
    if (!cursor || (page.items.at(-1)?.day ?? "") < since) break;
  }
  for (const act of acts) {
    const day = days.find((each) => each.day === act.day);
    if (day) {
      day.grams += act.grams ?? 0;
      day.points += act.points ?? 0;
    }
  }
  return madeOf({ days, acts: acts.slice(0, 100) }, read);
}

function ofReduction(each: Schemas["ReductionView"]): Act {
  return {
    id: each.reduction_id,
    kind: "act",
    at: each.occurred_at,
    day: each.occurred_on,
    title: pick(each.title_zh, each.title_en),
    subtitle: "",
    scenario: each.methodology,
    grams: each.grams,
    points: each.points,
    corrected: each.corrected,
    waits: null,
    expected: null,
    explained: each.reduction_id,
  };
}

function ofFeed(each: Schemas["FeedItem"]): Act {
  const explained = /\/reductions\/([\w-]+)\//.exec(each.explanation_url ?? "");
  return {
    id: each.id,
    kind: each.kind,
    at: each.at,
    day: dayOf(each.at),
    title: wide(each.title),
    // Of an act its grams are told in the page's own way; of what waits its day.
    subtitle: each.kind === "act" || each.expected_on ? "" : wide(each.subtitle),
    scenario: each.scenario,
    grams: each.grams_g,
    points: each.points,
    corrected: each.state === "corrected",
    waits: waitOf(each),
    expected: each.expected_on,
    explained: explained?.[1] ?? "",
  };
}

function waitOf(each: Schemas["FeedItem"]): Act["waits"] {
  if (each.kind === "pending") return "answer";
  if (each.kind !== "held") return null;
  return each.state === "refused" ? "refused" : "review";
}
