/** The carbon account: from the service where it keeps one, else from the newest acts. */
import { creditedPage } from "./acts";
import { get } from "./api/client";
import type { AccountView } from "./api/planned";
import { Problem } from "./api/problem";
import { dayOf } from "./format";

export interface Part {
  scenario: string;
  title: string;
  grams: number;
  points: number;
  acts: number;
}

export interface Carbon {
  /** Whether it is the whole life, or only the newest acts. */
  whole: boolean;
  grams: number;
  acts: number;
  scenarios: Part[];
  months: { month: string; grams: number }[];
  words: string[];
}

const PAGES = 5;
let kept = true;

/** The account of who is signed in. */
export async function carbonAccount(signal: AbortSignal): Promise<Carbon> {
  if (kept) {
    try {
      return ofService(await get("/v1/me/account", { signal }));
    } catch (error) {
      if (!(error instanceof Problem && error.isMissingRoute)) throw error;
      kept = false;
    }
  }
  return await fromActs(signal);
}

function ofService(view: AccountView): Carbon {
  return {
    whole: true,
    grams: view.grams_g,
    acts: view.acts,
    scenarios: view.by_scenario.map((each) => ({ ...each, grams: each.grams_g })),
    months: view.by_month.map((each) => ({ month: each.month, grams: each.grams_g })),
    words: view.equivalents.map((each) => each.text),
  };
}

async function fromActs(signal: AbortSignal): Promise<Carbon> {
  const parts = new Map<string, Part>();
  const months = new Map(lastMonths().map((month) => [month, 0]));
  const sum: Carbon = { whole: false, grams: 0, acts: 0, scenarios: [], months: [], words: [] };
  let cursor: string | undefined;
  for (let pages = 0; pages < PAGES; pages++) {
    const page = await creditedPage(cursor, 100, signal);
    for (const act of page.items) {
      const grams = act.grams ?? 0;
      const scenario = act.scenario ?? "";
      const part = parts.get(scenario) ?? { scenario, title: act.title, grams: 0, points: 0, acts: 0 };
      parts.set(scenario, { ...part, grams: part.grams + grams, points: part.points + (act.points ?? 0), acts: part.acts + 1 });
      const month = act.day.slice(0, 7);
      if (months.has(month)) months.set(month, (months.get(month) ?? 0) + grams);
      sum.grams += grams;
      sum.acts += 1;
    }
    cursor = page.next_cursor ?? undefined;
    if (!cursor) {
      sum.whole = true;
      break;
    }
  }
  sum.scenarios = [...parts.values()].sort((a, b) => b.grams - a.grams);
  sum.months = [...months].map(([month, grams]) => ({ month, grams }));
  return sum;
}

/** The last six months, this one last. */
function lastMonths(): string[] {
  const [year = 0, month = 0] = dayOf(new Date()).split("-").map(Number);
  return [5, 4, 3, 2, 1, 0].map((count) =>
    new Date(Date.UTC(year, month - 1 - count, 1)).toISOString().slice(0, 7),
  );
}
