/** The last part of a name in folders, "c" of "a/b/c"; all of a name without any. */
export function lastPart(name: string): string {
  return name.slice(name.lastIndexOf('/') + 1);
}
