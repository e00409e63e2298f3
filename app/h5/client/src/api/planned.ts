/**
 * Doors that not every service has yet. Where one is missing it answers `http-404`, and the page
 * leaves out what needs it. As soon as a door stands in the schema, the schema's shape is used.
 */

type Json<B> = { content: { "application/json": B } };
type Gets<B, Q = never> = {
  get: { parameters: { query?: Q }; responses: { 200: Json<B> } };
};
type Posts<I, B, S extends number = 200> = {
  post: {
    requestBody: { content: { "application/json": I } };
    responses: { [K in S]: Json<B> };
  };
};
type Patches<I, B> = {
  patch: { requestBody: { content: { "application/json": I } }; responses: { 200: Json<B> } };
};
type Deletes = { delete: { responses: { 204: { content?: never } } } };

export interface SignedIn {
  access_token: string;
  access_expires_in_s: number;
  refresh_token: string;
  refresh_expires_in_s: number;
  session_id: string;
  account_is_new: boolean;
}

export interface SessionView {
  session_id: string;
  device_name: string;
  platform: string;
  began_at: string;
  renewed_at: string;
  ends_at: string;
  is_this_one: boolean;
}

export interface Profile {
  nickname: string;
  district_code: string;
  birth_year: number | null;
  language: "zh-CN" | "en";
}

export interface FeedItem {
  id: string;
  kind: "act" | "pending" | "held" | "redemption" | "adjustment";
  at: string;
  title: string;
  subtitle: string;
  scenario: string | null;
  grams_g: number | null;
  points: number | null;
  state: string;
  expected_on: string | null;
  explanation_url: string | null;
}

interface Sums {
  acts: number;
  grams_g: number;
  points: number;
}

export interface AccountView extends Sums {
  since: string | null;
  by_scenario: (Sums & { scenario: string; title: string })[];
  by_month: (Sums & { month: string })[];
  equivalents: { name: string; text: string; source: string }[];
}

export interface MessageView {
  id: string;
  kind: string;
  at: string;
  title: string;
  text: string;
  link: string | null;
  read: boolean;
}

export interface RightsRequest {
  request_id: string;
  kind: string;
  state: string;
  made_at: string;
  acts_after: string;
  due_on: string;
  finished_at: string | null;
  done: number;
  total: number;
}

export interface Deed {
  at: string;
  by: string;
  action: string;
  words_zh: string;
  words_en: string;
}

export interface ConsentNotice {
  scenario: string;
  version: number;
  title_zh: string;
  title_en: string;
  text_zh: string;
  text_en: string;
}

export interface ClaimView {
  claim_id: string;
  provider: string;
  scenarios: string[];
  proof: string;
  state: string;
  answerable: boolean;
  tries_left: number;
  made_at: string;
  expires_at: string;
}

/** Every door by its path, as `openapi-typescript` would write it. */
export interface Awaited {
  "/v1/auth/codes": Posts<
    { phone: string; device_id: string },
    { expires_in_s: number; retry_after_s: number },
    202
  >;
  "/v1/auth/sessions": Posts<
    { phone: string; code: string; device: { id: string; name: string; platform: string } },
    SignedIn,
    201
  >;
  "/v1/me/sessions": Gets<{ items: SessionView[] }> & Deletes;
  "/v1/me/sessions/{session_id}": Deletes;
  "/v1/me/profile": Gets<Profile> & Patches<Partial<Profile>, Profile>;
  "/v1/me/feed": Gets<
    { items: FeedItem[]; next_cursor: string | null },
    { cursor?: string; limit?: number }
  >;
  "/v1/me/account": Gets<AccountView>;
  "/v1/me/messages": Gets<
    { items: MessageView[]; unread: number; next_cursor: string | null },
    { cursor?: string; limit?: number }
  >;
  "/v1/me/messages/{message_id}/read": Posts<undefined, MessageView>;
  "/v1/consent-notices": Gets<{ items: ConsentNotice[] }, { provider?: string; scenario?: string }>;
  "/v1/me/link-claims": Gets<{ items: ClaimView[] }> &
    Posts<{ provider: string; card: string; scenarios: string[] }, ClaimView, 201>;
  "/v1/me/link-claims/{claim_id}/answer": Posts<{ answer: string }, ClaimView>;
  "/v1/me/exports": Posts<undefined, RightsRequest, 202>;
  "/v1/me/deletion": Posts<undefined, RightsRequest, 202> & Deletes;
  "/v1/me/requests": Gets<{ items: RightsRequest[] }>;
  "/v1/me/privacy": Gets<{ deeds: Deed[]; requests: RightsRequest[] }>;
}
