/** A refusal of the service (RFC 9457), or the fact that it could not be reached. */

import { t, wide } from "../i18n";
import { fieldsText } from "./fields";

/** What the service says; `facts` are the members beside the standard ones. */
export class Problem extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    readonly title: string,
    readonly detail: string,
    readonly requestId: string,
    readonly retryAfterS: number,
    readonly facts: Record<string, unknown>,
  ) {
    super(detail || title);
  }

  /** Read one from an answer that is not a success. */
  static async of(answer: Response): Promise<Problem> {
    const facts = await body(answer);
    const text = (name: string) => (typeof facts[name] === "string" ? facts[name] : "");
    return new Problem(
      answer.status,
      text("code") || `http-${answer.status}`,
      wide(text("title")) || t(answer.status >= 500 ? "service_trouble" : "refused_plainly"),
      fieldsText(facts["errors"]) || wide(text("detail")),
      text("request_id"),
      Number(answer.headers.get("retry-after")) || 0,
      facts,
    );
  }

  /** Whether this server does not know the door at all: an older one, or a part switched off. */
  get isMissingRoute(): boolean {
    return ["http-404", "http-405"].includes(this.code);
  }

  /** Whether the same request may succeed in a moment. */
  get isPassing(): boolean {
    return this.status === 429 || this.status >= 500;
  }
}

/** The network is away: nobody knows whether the request arrived. */
export class Offline extends Error {}

async function body(answer: Response): Promise<Record<string, unknown>> {
  try {
    const found: unknown = await answer.json();
    return typeof found === "object" && found !== null ? (found as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
