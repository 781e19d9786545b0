/** An answer that follows what is asked, once that rests; an older answer never takes the place of a newer one. */
import type { Trouble } from "../bindings/Trouble";
import * as ipc from "./ipc";

const RESTS = 150;

export class Latest<Question, Answer> {
  answer = $state.raw<Answer | null>(null);
  trouble = $state.raw<Trouble | null>(null);

  constructor(readonly command: (question: Question) => Promise<Answer>) {}

  /** To be used in an effect: what it returns takes the question back. */
  ask(question: Question): () => void {
    let current = true;
    const timer = setTimeout(async () => {
      try {
        const answer = await this.command(question);
        if (!current) return;
        this.answer = answer;
        this.trouble = null;
      } catch (error) {
        if (current) this.trouble = ipc.asTrouble(error);
      }
    }, RESTS);
    return () => {
      current = false;
      clearTimeout(timer);
    };
  }
}
