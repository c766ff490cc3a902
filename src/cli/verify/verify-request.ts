/** What `verify` is asked for. */
import type { Command } from 'commander';

import type { HttpOptions } from '../../base/http-options.js';
import type { SignatureDemand } from '../../app/signed-document.js';
import { addHttpFlags, type HttpFlags, httpOptions } from '../options/http-options.js';
import { addSignatureFlags, signatureDemand, type SignatureFlags } from '../options/signature-options.js';

export interface VerifyCommand {
  readonly file: string;
  readonly manifest: string | undefined;
  readonly checksums: readonly string[];
  readonly checksumFile: string | undefined;
  readonly json: boolean;
  readonly quiet: boolean;
  /** How manifests and checksum files at HTTP addresses are asked for. */
  readonly http: HttpOptions | undefined;
  readonly demand?: SignatureDemand | undefined;
}

export interface VerifyFlags extends HttpFlags, SignatureFlags {
  readonly manifest?: string;
  readonly checksum?: readonly string[];
  readonly checksums?: string;
  readonly json?: boolean;
  readonly quiet?: boolean;
}

export function addVerifyFlags(command: Command): Command {
  const described = command
    .argument('<file>', 'file to check')
    .option('--manifest <file>', 'Metalink that describes it: a file, an http address, or - for standard input')
    .option(
      '--checksum <type=hex>',
      'hash that it has to have, as sha-256=HEX; may be repeated',
      (text: string, before: readonly string[] | undefined) => [...(before ?? []), text],
    )
    .option('--checksums <file>', 'checksum file (or its http address) with a line for it, like SHA256SUMS')
    .option('--json', 'report as one JSON object (docs/json-output.md)')
    .option('-q, --quiet', 'say nothing but errors');
  return addHttpFlags(addSignatureFlags(described));
}

export function verifyCommand(file: string, flags: VerifyFlags): VerifyCommand {
  return {
    file,
    manifest: flags.manifest,
    checksums: flags.checksum ?? [],
    checksumFile: flags.checksums,
    json: flags.json ?? false,
    quiet: flags.quiet ?? false,
    http: httpOptions(flags),
    demand: signatureDemand(flags),
  };
}
