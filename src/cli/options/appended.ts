/** A flag that may be given several times, for commander: the list of what was given. */
export function appendedText(text: string, before: readonly string[] | undefined): string[] {
  return [...(before ?? []), text];
}
