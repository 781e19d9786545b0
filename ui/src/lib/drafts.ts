/** Answers that were begun and not sent, so that looking at another task loses nothing. */
const drafts = new Map<number, string>();

export const draftOf = (seq: number) => drafts.get(seq) ?? "";

export function keepDraft(seq: number, text: string): void {
  if (text) drafts.set(seq, text);
  else drafts.delete(seq);
}
