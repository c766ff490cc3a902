// @ts-check
// A large file to serve, and the digest that tells a copy of it.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs';

/**
 * Writes `mib` MiB that neither a disk nor a network can compress away.
 * @param {string} file
 * @param {number} mib
 * @returns {string} Its SHA-256 in hex.
 */
export function makeFile(file, mib) {
  writeNoise(file, mib * 1024 * 1024);
  return sha256(file);
}

/**
 * Writes so many bytes, always the same ones, that cannot be compressed.
 * @param {string} file
 * @param {number} sizeBytes
 */
export function writeNoise(file, sizeBytes) {
  const script =
    'openssl enc -aes-128-ctr -pass pass:bench -nosalt -md sha256 </dev/zero 2>/dev/null | head -c "$1" >"$2"';
  spawnSync('bash', ['-c', script, 'make', String(sizeBytes), file]);
  if (fs.statSync(file).size !== sizeBytes) throw new Error('openssl made no test file');
}

/** @param {string} file */
export function sha256(file) {
  const hash = createHash('sha256');
  const buffer = Buffer.allocUnsafe(1024 * 1024);
  const fd = fs.openSync(file, 'r');
  for (let n = fs.readSync(fd, buffer); n > 0; n = fs.readSync(fd, buffer)) hash.update(buffer.subarray(0, n));
  fs.closeSync(fd);
  return hash.digest('hex');
}
