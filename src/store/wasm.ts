/** The parts of WebAssembly that are used here; the compiler's Node types have none of it. */
interface Wasm {
  readonly Memory: new (size: { initial: number; maximum: number; shared: true }) => SharedMemory;
  readonly Module: new (code: Uint8Array) => object;
  readonly Instance: new (
    module: object,
    imports: Readonly<Record<string, Readonly<Record<string, unknown>>>>,
  ) => { readonly exports: unknown };
}

/** A WebAssembly memory that threads share. */
export interface SharedMemory {
  readonly buffer: SharedArrayBuffer;
}

/** Undefined where Node runs without it (`--jitless`). */
export const wasm = (globalThis as { readonly WebAssembly?: Wasm }).WebAssembly;
