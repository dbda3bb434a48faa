export interface RetiredWord {
  readonly word: string;
  readonly index: number;
  readonly instead: string;
}
export function retiredWords(text: string): RetiredWord[];
