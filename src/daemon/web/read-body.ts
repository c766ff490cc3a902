import type { Context } from 'hono';
import * as v from 'valibot';
import { ManygetError } from '../../base/errors.js';

/** The JSON in the body of a request, as `schema` wants it. @throws ManygetError `usage`. */
export async function readBody<S extends v.GenericSchema>(c: Context, schema: S): Promise<v.InferOutput<S>> {
  let value: unknown;
  try {
    value = JSON.parse(await c.req.text());
  } catch (cause) {
    throw new ManygetError('usage', 'the body of the request is not JSON', { cause });
  }
  const parsed = v.safeParse(schema, value);
  if (parsed.success) return parsed.output;
  const [issue] = parsed.issues;
  const where = issue === undefined ? '' : (v.getDotPath(issue) ?? 'the body');
  throw new ManygetError('usage', `the request makes no sense at ${where}: ${issue?.message ?? 'unknown'}`);
}
