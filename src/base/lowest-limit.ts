/** The least that a limit of speed may be: below it, a download would look like one whose servers are dead. */
export const limitBytesPerSecMin = 1024;
