import { setFlagsFromString } from 'node:v8';

/** Major versions of V8 that are known to have the flag: others would complain on standard error. */
const known = /^1[1-4]\./;

/**
 * Has V8 compile for speed what runs some fifteen times longer than usual before it does. A fast download is over in a second, in
 * which compiling took a tenth of the processor and 10 MiB; one that takes long gets there all the same.
 */
export function optimizeLate(): void {
  if (known.test(process.versions.v8)) setFlagsFromString('--interrupt-budget=1000000');
}
