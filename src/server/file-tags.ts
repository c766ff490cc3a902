import type { FileFacts } from './file-version.js';
import type { HashTable } from './hash-table.js';

/** Versions whose name is remembered, beyond what the hash tables remember. */
const rememberedMax = 16_384;

/** The strong entity tags of one version of a file. */
interface TagSet {
  /** The one that answers carry. */
  readonly main: string;
  /** All that name this version; the main one is among them. */
  readonly all: readonly string[];
}

/**
 * Gives versions of files their entity tags. A version has two: one of its content id, which is the same on every
 * server in the world, and one of its version token, which is known before the file is hashed.
 *
 * Invariant: which of the two answers carry does not change for as long as a version is remembered: a tag that changes
 * when hashing is done would look like a changed file to whoever is in mid-download.
 */
export class FileTags {
  /** Versions that went by their version token when they were first asked for. */
  readonly #byVersion = new Set<string>();

  /** @param table What is known of the file's hashes, if there is anything. */
  tagsOf(file: FileFacts, table: HashTable | undefined): TagSet {
    const versionTag = `"v-${file.version}"`;
    const contentId = table?.contentId ?? undefined;
    const byContent = !this.#byVersion.has(file.version) && table?.isNamedByContent === true;
    if (!byContent) this.#remember(file.version);
    if (contentId === undefined) return { main: versionTag, all: [versionTag] };
    const contentTag = `"${contentId}"`;
    return { main: byContent ? contentTag : versionTag, all: [contentTag, versionTag] };
  }

  #remember(version: string): void {
    if (this.#byVersion.has(version)) return;
    this.#byVersion.add(version);
    if (this.#byVersion.size <= rememberedMax) return;
    const [oldest] = this.#byVersion;
    if (oldest !== undefined) this.#byVersion.delete(oldest);
  }
}
