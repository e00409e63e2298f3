/** The carbon account, as the service keeps it. */
import { get } from "./api/client";
import { madeOf } from "./stale";

export interface Part {
  scenario: string;
  title: string;
  grams: number;
  points: number;
  acts: number;
}

export interface Carbon {
  grams: number;
  acts: number;
  scenarios: Part[];
  months: { month: string; grams: number }[];
  words: string[];
}

/** The account of who is signed in. */
export async function carbonAccount(signal: AbortSignal): Promise<Carbon> {
  const view = await get("/v1/me/account", { signal });
  const made = {
    grams: view.grams_g,
    acts: view.acts,
    scenarios: view.by_scenario.map((each) => ({ ...each, grams: each.grams_g })),
    months: view.by_month.map((each) => ({ month: each.month, grams: each.grams_g })),
    // "0.0 trees" would only tell that one act is little.
    words: view.equivalents.filter((each) => Number(each.amount) > 0).map((each) => each.text),
  };
  return madeOf(made, [view]);
}
