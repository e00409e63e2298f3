/** From the generated schema to what one call takes and gives. */
import type { components, paths } from "./schema";

export type Schemas = components["schemas"];

/** What the service has, by its path. */
export type Doors = paths;
export type Method = "get" | "post" | "put" | "patch" | "delete";

export type PathsWith<M extends Method> = {
  [P in keyof Doors]: Doors[P] extends Record<M, { responses: unknown }> ? P : never;
}[keyof Doors];

type Json<R> = R extends { content: { "application/json": infer B } } ? B : undefined;
type Responses<O> = O extends { responses: infer R } ? R : never;
type Operation<P extends keyof Doors, M extends Method> = M extends keyof Doors[P]
  ? Doors[P][M]
  : never;

/** What a success carries. */
export type Answer<P extends keyof Doors, M extends Method> = {
  [S in keyof Responses<Operation<P, M>>]: S extends 200 | 201 | 202 | 204
    ? Json<Responses<Operation<P, M>>[S]>
    : never;
}[keyof Responses<Operation<P, M>> & (200 | 201 | 202 | 204)];

/** What a write says. */
export type Body<P extends keyof Doors, M extends Method> =
  Operation<P, M> extends { requestBody?: { content: { "application/json": infer B } } }
    ? B
    : undefined;

/** What stands in the address after the question mark. */
export type Query<P extends keyof Doors> =
  Operation<P, "get"> extends { parameters: { query?: infer Q } } ? Q : undefined;

export type Values = Record<string, string>;
