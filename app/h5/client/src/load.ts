/** What a screen asks for: what was true last time at once, then what is true now. */
import { onUnmounted, ref, type Ref, shallowRef } from "vue";
import { Offline, Problem } from "./api/problem";
import { onNews } from "./live";
import { isOnline } from "./online";
import { dated, dateOf, mark } from "./stale";

/** Refusals that the page tells in another way: signed out, too old. */
const TOLD = [401, 426];

export interface Loaded<T> {
  value: Ref<T | null>;
  /** What stands in the way, if there is nothing to show; also a refusal of a reload. */
  trouble: Ref<Problem | Offline | null>;
  loading: Ref<boolean>;
  /** The service has no such door. */
  missing: Ref<boolean>;
  reload: () => Promise<void>;
}

/** Load once the screen is there, again when there is news, and when the network is back. */
export function useLoad<T>(
  ask: (signal: AbortSignal) => Promise<T>,
  options: { first?: T | null; news?: boolean; onCome?: (value: T, before: T | null) => void } = {},
): Loaded<T> {
  const value = shallowRef<T | null>(options.first ?? null) as Ref<T | null>;
  const trouble = shallowRef<Problem | Offline | null>(null);
  const loading = ref(true);
  const missing = ref(false);
  const gone = new AbortController();
  const me = Symbol();
  let at = dateOf(options.first).at;
  let turn = 0;

  /** Whether what is shown is what the service says now. */
  function judge(fresh: boolean): void {
    mark(me, fresh || value.value === null ? null : { at, again: reload });
  }

  async function reload(): Promise<void> {
    const mine = ++turn;
    loading.value = true;
    try {
      const found = await ask(gone.signal);
      if (mine !== turn || gone.signal.aborted) return;
      const before = value.value;
      value.value = found;
      trouble.value = null;
      const date = dateOf(found);
      at = date.at;
      judge(date.fresh);
      options.onCome?.(found, before);
    } catch (error) {
      if (mine !== turn || gone.signal.aborted) return;
      if (!(error instanceof Problem || error instanceof Offline)) throw error;
      missing.value = error instanceof Problem && error.isMissingRoute;
      trouble.value = error;
      judge(missing.value || (error instanceof Problem && TOLD.includes(error.status)));
    } finally {
      if (mine === turn) loading.value = false;
    }
  }

  const forget = [onNews((what) => void ((options.news ?? true) && what && reload())), isOnline.onBack(reload)];
  onUnmounted(() => {
    gone.abort();
    mark(me, null);
    forget.forEach((each) => each());
  });
  void reload();
  return { value, trouble, loading, missing, reload };
}

/** A list that grows at its end. */
export interface Paged<I> extends Loaded<I[]> {
  more: () => Promise<void>;
  hasMore: Ref<boolean>;
  growing: Ref<boolean>;
}

interface Page<I> {
  items: I[];
  next_cursor: string | null;
}

/** The same for a list with cursors; a reload begins at its top. */
export function usePages<I>(
  ask: (cursor: string | undefined, signal: AbortSignal) => Promise<Page<I>>,
  first: Page<I> | null = null,
): Paged<I> {
  const hasMore = ref(false);
  const growing = ref(false);
  let cursor: string | null = null;
  const turned = (page: Page<I>): I[] => {
    const { at, fresh } = dateOf(page);
    dated(page.items, at, fresh);
    cursor = page.next_cursor;
    hasMore.value = cursor !== null;
    return page.items;
  };
  const loaded = useLoad<I[]>(async (signal) => turned(await ask(undefined, signal)), {
    first: first && dated(first.items, dateOf(first).at, false),
  });

  async function more(): Promise<void> {
    if (cursor === null || growing.value) return;
    growing.value = true;
    try {
      const before = loaded.value.value ?? [];
      loaded.value.value = [...before, ...turned(await ask(cursor, AbortSignal.timeout(15_000)))];
    } catch (error) {
      if (!(error instanceof Problem || error instanceof Offline)) throw error;
      loaded.trouble.value = error;
    } finally {
      growing.value = false;
    }
  }
  return { ...loaded, more, hasMore, growing };
}
