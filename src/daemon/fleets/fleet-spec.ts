import * as v from 'valibot';

/** What one fleet of a daemon is to be: kept in the store, and enough to start it again at any time. */
export interface FleetSpec {
  /** Whole paths. */
  readonly paths: readonly string[];
  /** One for each server; 0 until it has listened for the first time. */
  readonly ports: readonly number[];
  readonly host: string;
  /** None, one for all, or one for each. */
  readonly rateLimits: readonly number[];
  readonly token: string | undefined;
  /** Numbers of servers that were closed, and stay so over a restart of the daemon. */
  readonly closed: readonly number[];
}

const count = v.pipe(v.number(), v.integer(), v.minValue(0));
const specSchema = v.object({
  paths: v.array(v.string()),
  ports: v.array(count),
  host: v.string(),
  rateLimits: v.array(v.number()),
  token: v.optional(v.string()),
  closed: v.array(count),
});

export function fleetSpecToJson(spec: FleetSpec): string {
  return JSON.stringify(spec);
}

/** @throws what JSON and the schema say, where the text is not of `fleetSpecToJson`. */
export function fleetSpecFromJson(text: string): FleetSpec {
  const spec = v.parse(specSchema, JSON.parse(text));
  return { ...spec, token: spec.token };
}
