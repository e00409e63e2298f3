/** What a screen shows although it could not be asked for again. */
import { computed, shallowReactive } from "vue";

interface Stale {
  /** When the service said it, in milliseconds; 0 if nobody knows. */
  at: number;
  again: () => unknown;
}

const known = shallowReactive(new Map<symbol, Stale>());
const times = new WeakMap<object, { at: number; fresh: boolean }>();

/** The oldest of what is shown; null while all of it is as the service says. */
export const stale = computed<Stale | null>(() => [...known.values()].sort((a, b) => a.at - b.at)[0] ?? null);

/** Something shown is old, or is so no longer. */
export function mark(what: symbol, old: Stale | null): void {
  if (old) known.set(what, old);
  else known.delete(what);
}

/** Ask for all of it again. */
export function refresh(): void {
  [...known.values()].forEach((each) => void each.again());
}

/** Remember when an answer was true; one from the phone's own memory is not fresh. */
export function dated<T>(body: T, at: number, fresh: boolean): T {
  if (typeof body === "object" && body !== null) times.set(body, { at, fresh });
  return body;
}

/** When an answer was true; of an unknown one nothing speaks against now. */
export function dateOf(body: unknown): { at: number; fresh: boolean } {
  const found = typeof body === "object" && body !== null ? times.get(body) : undefined;
  return found ?? { at: Date.now(), fresh: true };
}

/** What is put together from several answers is as old as the oldest of them. */
export function madeOf<T extends object>(made: T, parts: unknown[]): T {
  const dates = parts.map(dateOf);
  return dated(made, Math.min(...dates.map((each) => each.at)), dates.every((each) => each.fresh));
}
