/** Which screen is shown: the part of the address after `#`, so that the service serves one page. */
import { computed, nextTick, ref, shallowRef } from "vue";

export interface Place {
  name: string;
  values: Record<string, string>;
}

const PATTERNS: [string, RegExp, string[]][] = [
  ["home", /^\/?$/, []],
  ["feed", /^\/acts$/, []],
  ["explanation", /^\/acts\/([\w-]+)$/, ["id"]],
  ["offers", /^\/offers$/, []],
  ["offer", /^\/offers\/([\w-]+)$/, ["id"]],
  ["coupons", /^\/coupons$/, []],
  ["coupon", /^\/coupons\/([\w-]+)$/, ["id"]],
  ["me", /^\/me$/, []],
  ["wallet", /^\/wallet$/, []],
  ["statement", /^\/statement$/, []],
  ["account", /^\/account$/, []],
  ["links", /^\/links$/, []],
  ["messages", /^\/messages$/, []],
  ["settings", /^\/settings$/, []],
  ["privacy", /^\/privacy$/, []],
  ["appeals", /^\/appeals$/, []],
  ["appeal", /^\/appeals\/(trip|act|any)\/([\w-]+)$/, ["kind", "id"]],
  ["household", /^\/household$/, []],
  ["guardians", /^\/guardians$/, []],
  ["profile", /^\/profile$/, []],
  ["consents", /^\/consents$/, []],
  ["donate", /^\/donate$/, []],
  ["enter", /^\/in\/([\w.-]+)$/, ["token"]],
];

const heights = new Map<string, number>();
const shown = ref(location.hash);
let depth = 0;

/** Whether the page before this one is ours, so that "back" stays here. */
export const canGoBack = ref(false);
export const direction = shallowRef<"on" | "back">("on");

export const place = computed<Place>(() => {
  const path = shown.value.replace(/^#/, "");
  for (const [name, pattern, names] of PATTERNS) {
    const found = pattern.exec(path);
    if (found) {
      const pairs = names.map((each, index) => [each, found[index + 1] ?? ""]);
      return { name, values: Object.fromEntries(pairs) as Record<string, string> };
    }
  }
  return { name: "home", values: {} };
});

/** Go to a screen, by its path: `/offers`. */
export function go(path: string): void {
  depth += 1;
  history.pushState(depth, "", `#${path}`);
  follow("on");
}

/** Go there instead of here. */
export function replace(path: string): void {
  history.replaceState(depth, "", `#${path}`);
  follow("on");
}

/** One step back, or to the given screen if there was none before. */
export function back(otherwise: string): void {
  if (depth > 0) history.back();
  else replace(otherwise);
}

window.addEventListener("popstate", (event) => {
  const to = typeof event.state === "number" ? event.state : 0;
  const way = to < depth ? "back" : "on";
  depth = to;
  follow(way);
});

function follow(way: "on" | "back"): void {
  heights.set(shown.value, window.scrollY);
  direction.value = way;
  canGoBack.value = depth > 0;
  shown.value = location.hash;
  const height = way === "back" ? (heights.get(shown.value) ?? 0) : 0;
  void nextTick(() => {
    window.scrollTo(0, height);
    document.querySelector<HTMLElement>("main h1, main h2")?.focus({ preventScroll: true });
  });
}
