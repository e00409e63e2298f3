/** How a coupon's state reads and looks. */
import type { Schemas } from "./api/shapes";
import type { Word } from "./words";

type Shown = Schemas["Shown"];

const LOOKS: Record<Shown, { word: Word; tone: "good" | "wait" | "bad" | "calm" }> = {
  held: { word: "state_held", tone: "good" },
  presented: { word: "state_presented", tone: "wait" },
  spent: { word: "state_spent", tone: "calm" },
  settled: { word: "state_spent", tone: "calm" },
  refunded: { word: "state_refunded", tone: "calm" },
  cancelled: { word: "state_cancelled", tone: "bad" },
  expired: { word: "state_expired", tone: "bad" },
  void: { word: "state_void", tone: "bad" },
};

/** The word and colour of a state. */
export function stateOf(state: Shown) {
  return LOOKS[state];
}

/** Whether it can still be used. */
export function isOpen(state: Shown): boolean {
  return state === "held" || state === "presented";
}
