import { RpcError } from './rpc-error.js';

/** The parameters of one call, without the token: checked as they are taken, with aria2's own sentences. */
export class RpcArguments {
  readonly #values: readonly unknown[];

  constructor(values: readonly unknown[]) {
    this.#values = values;
  }

  text(at: number): string {
    const value = this.#required(at);
    if (typeof value !== 'string') throw wrongType(at);
    return value;
  }

  whole(at: number): number {
    const value = this.#required(at);
    if (typeof value !== 'number' || !Number.isSafeInteger(value)) throw wrongType(at);
    return value;
  }

  /** A whole number, `min` or more. */
  wholeFrom(at: number, min: number): number {
    const value = this.whole(at);
    if (value >= min) return value;
    const rule = `the value must be greater than or equal to ${min}`;
    throw new RpcError(`The integer parameter at ${at} has invalid value: ${rule}.`);
  }

  /** A whole number, 0 or more; undefined where it is left out. */
  optionalPosition(at: number): number | undefined {
    if (this.#values[at] === undefined) return undefined;
    const value = this.whole(at);
    if (value < 0) throw new RpcError('Position must be greater than or equal to 0.');
    return value;
  }

  list(at: number): readonly unknown[] {
    const value = this.#required(at);
    if (!Array.isArray(value)) throw wrongType(at);
    return value as unknown[];
  }

  texts(at: number): string[] {
    return this.list(at).filter((value): value is string => typeof value === 'string');
  }

  optionalTexts(at: number): string[] | undefined {
    return this.#values[at] === undefined ? undefined : this.texts(at);
  }

  record(at: number): Readonly<Record<string, unknown>> {
    const value = this.#required(at);
    if (!isRecord(value)) throw wrongType(at);
    return value;
  }

  optionalRecord(at: number): Readonly<Record<string, unknown>> {
    return this.#values[at] === undefined ? {} : this.record(at);
  }

  #required(at: number): unknown {
    const value = this.#values[at];
    if (value === undefined) throw missing(at);
    return value;
  }
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function missing(at: number): RpcError {
  return new RpcError(`The parameter at ${at} is required but missing.`);
}

export function wrongType(at: number): RpcError {
  return new RpcError(`The parameter at ${at} has wrong type.`);
}
