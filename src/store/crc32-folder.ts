import { crc32 } from 'node:zlib';
import { type SharedMemory, wasm } from './wasm.js';

/**
 * CRC-32 (IEEE, as zlib's) of blocks within a WebAssembly memory, several times as fast as `zlib.crc32`, which Node
 * builds without the instructions that are made for it. See docs/adr/0030-crc32-by-folding.md.
 *
 * A CRC is what is left of a message, seen as a polynomial over GF(2), modulo P. So any multiple of P may be added to the
 * message. x^203 + x^186 + x^123 + x^85 + x^79 + 1 is a multiple of CRC-32's P (the one of six terms and the lowest
 * degree), and so is its 128th power, whose terms lie 128 bits apart: in whole vectors. Every vector of the message, added
 * to those that are 17, 80, 118, 124 and 203 behind it, is gone from the message. Five additions take care of 16
 * bytes; the last 203 vectors remain, and zlib takes their CRC.
 */
const exponents = [0, 79, 85, 123, 186] as const;
const degree = 203;
const vectorBytes = 16;
/** Vectors in one round of the loop. No distance is shorter, so that none of them needs another one of its round. */
const unrolled = 4;
const historyBytes = degree * vectorBytes;
/** What is added to later vectors lies here, of so many bytes of the message at once: it is to stay in the fastest cache. */
const stretchBytes = 16 * 1024;
/** Where the remainder is put: behind the zeros that stand for what was never added to it. */
const remainderAt = 8 * 1024;
/** Scratch memory that a folder needs within the memory, whatever the block's length. */
export const foldScratchBytes = 32 * 1024;
/** Of less than this zlib takes the CRC faster. */
const foldBytesMin = 32 * 1024;
/** A CRC begins with all ones, which is the same as ones added to the message's first 32 bits: zlib is told to begin with zeros. */
const beginsWithZeros = 0xffffffff;

/** Leaves the remainder of what is `at`: `rounds` rounds are folded, `rest` vectors are left. */
type Fold = (at: number, rounds: number, scratch: number, rest: number) => void;

/** Owns one memory's scratch bytes, for one thread. */
export class Crc32Folder {
  readonly #bytes: Uint8Array;
  readonly #scratchAt: number;
  readonly #fold: Fold;

  private constructor(memory: SharedArrayBuffer, scratchAt: number, fold: Fold) {
    this.#bytes = new Uint8Array(memory);
    this.#scratchAt = scratchAt;
    this.#fold = fold;
  }

  /**
   * @param scratchAt Where `foldScratchBytes` of it are the folder's own.
   * @returns Undefined where this Node has no vectors in WebAssembly.
   */
  static of(memory: SharedMemory, scratchAt: number): Crc32Folder | undefined {
    if (wasm === undefined) return undefined;
    try {
      compiled ??= new wasm.Module(foldingModule());
      const { fold } = new wasm.Instance(compiled, { host: { memory } }).exports as { readonly fold: Fold };
      return new Crc32Folder(memory.buffer, scratchAt, fold);
    } catch (error) {
      // CompileError and LinkError: an older or a restricted engine. zlib does without.
      if (error instanceof Error) return undefined;
      throw error;
    }
  }

  /** CRC-32 of `bytes`, which lie in this memory. */
  crc32(bytes: Uint8Array): number {
    if (bytes.length < foldBytesMin) return crc32(bytes);
    const vectors = Math.floor(bytes.length / vectorBytes);
    const rounds = Math.floor((vectors - degree) / unrolled);
    const rest = vectors - rounds * unrolled;
    this.#fold(bytes.byteOffset, rounds, this.#scratchAt, rest);
    const at = this.#scratchAt + remainderAt;
    const sum = crc32(this.#bytes.subarray(at, at + rest * vectorBytes), beginsWithZeros);
    const taken = vectors * vectorBytes;
    return taken === bytes.length ? sum : crc32(bytes.subarray(taken), sum);
  }
}

let compiled: object | undefined;

/** Numbers of instructions and types, from the WebAssembly specification (core, SIMD, bulk memory). */
const op = {
  ...{ block: 0x02, loop: 0x03, end: 0x0b, br: 0x0c, brIf: 0x0d },
  ...{ get: 0x20, set: 0x21, i32: 0x41, eqz: 0x45, geU: 0x4f, add: 0x6a, sub: 0x6b },
  ...{ bulk: 0xfc, copy: 10, fill: 11, simd: 0xfd, load: 0, store: 11, vector: 12, xor: 81 },
  ...{ typeI32: 0x7f, typeFunction: 0x60, noType: 0x40 },
} as const;

/** The arguments of `fold`, and where in the scratch memory it is: the oldest vector that the next round needs. */
const local = { at: 0, rounds: 1, scratch: 2, rest: 3, q: 4 } as const;

/** The whole module: one function `fold(at, rounds, scratch, rest)`, and the memory that it works in. */
function foldingModule(): Uint8Array {
  const types = section(1, [1, op.typeFunction, 4, op.typeI32, op.typeI32, op.typeI32, op.typeI32, 0]);
  const memory = [...name('host'), ...name('memory'), 0x02, 0x03, 1, ...unsigned(65536)];
  const body = [1, 1, op.typeI32, ...foldingCode(), op.end];
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...types,
    ...section(2, [1, ...memory]),
    ...section(3, [1, 0]),
    ...section(7, [1, ...name('fold'), 0x00, 0]),
    ...section(10, [1, ...unsigned(body.length), ...body]),
  ]);
}

function foldingCode(): number[] {
  const { at, rounds, scratch, rest, q } = local;
  const step = (vectors: number): number[] => [
    ...[op.get, at, ...constant(vectors * vectorBytes), op.add, op.set, at],
    ...[op.get, q, ...constant(vectors * vectorBytes), op.add, op.set, q],
  ];
  const round = (first: number[]): number[] => [
    ...Array.from({ length: unrolled }, (_, i) => vector(i, i === 0 ? first : [])).flat(),
    ...step(unrolled),
    ...[op.get, rounds, ...constant(1), op.sub, op.set, rounds],
  ];
  const whileRounds = (code: number[]): number[] => [
    op.block,
    op.noType,
    op.get,
    rounds,
    op.eqz,
    op.brIf,
    0,
    ...code,
    op.end,
  ];
  const allOnes = [op.simd, op.vector, 0xff, 0xff, 0xff, 0xff, ...new Array<number>(12).fill(0), op.simd, op.xor];
  return [
    // Nothing is before the message.
    ...[op.get, scratch, ...constant(0), ...constant(historyBytes), op.bulk, op.fill, 0],
    ...[op.get, scratch, op.set, q],
    ...round(allOnes),
    // Stretch by stretch; what the next one needs of the one before is moved to the start.
    ...[op.loop, op.noType],
    ...whileRounds([
      ...[op.loop, op.noType, ...round([])],
      ...[op.get, rounds, op.eqz, op.brIf, 1],
      ...[op.get, q, op.get, scratch, op.sub, ...constant(stretchBytes), op.geU, op.eqz, op.brIf, 0, op.end],
    ]),
    ...[op.get, scratch, op.get, q, ...constant(historyBytes), op.bulk, op.copy, 0, 0],
    ...[op.get, scratch, op.set, q],
    ...[op.get, rounds, op.brIf, 0, op.end],
    // The remainder: what was added to it so far, and nothing of it to itself.
    ...[op.get, scratch, ...constant(historyBytes), op.add, ...constant(0), ...constant(remainderAt - historyBytes)],
    ...[op.bulk, op.fill, 0],
    ...[op.loop, op.noType, ...vector(0, [], remainderAt), ...step(1)],
    ...[op.get, rest, ...constant(1), op.sub, op.set, rest, op.get, rest, op.brIf, 0, op.end],
  ];
}

/** Loads the message's vector `i`, adds to it what is to be added, and stores it at `q + to`. */
function vector(i: number, first: readonly number[], to = historyBytes): number[] {
  const load = (place: number, offset: number): number[] => [op.get, place, op.simd, op.load, 0, ...unsigned(offset)];
  const here = i * vectorBytes;
  return [
    ...[op.get, local.q],
    ...load(local.at, here),
    ...first,
    ...exponents.flatMap((e) => [...load(local.q, here + e * vectorBytes), op.simd, op.xor]),
    ...[op.simd, op.store, 0, ...unsigned(here + to)],
  ];
}

function constant(value: number): number[] {
  const bytes = [op.i32];
  let left = value;
  for (; left > 63; left = Math.floor(left / 128)) bytes.push((left % 128) | 128);
  return [...bytes, left];
}

function unsigned(value: number): number[] {
  const bytes: number[] = [];
  let left = value;
  for (; left > 127; left = Math.floor(left / 128)) bytes.push((left % 128) | 128);
  return [...bytes, left];
}

function name(text: string): number[] {
  return [text.length, ...Buffer.from(text, 'latin1')];
}

function section(id: number, content: readonly number[]): number[] {
  return [id, ...unsigned(content.length), ...content];
}
